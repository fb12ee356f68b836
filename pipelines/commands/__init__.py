"""The commands of `kelisim`, one module per field of work."""
