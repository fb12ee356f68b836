"""The desk: the one owner of operational state - alerts, decisions, letters, replies and the people who decide."""
