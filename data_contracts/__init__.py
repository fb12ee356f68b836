"""What every table, source and reference file promises."""
