"""Resources of the pipeline: lake, event log, warehouse and ledger."""
