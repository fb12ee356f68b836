"""Tables of the desk, step by step."""
