"""The quarterly bulletin: numbers with their sources, sentences made by rules, charts, one page."""
