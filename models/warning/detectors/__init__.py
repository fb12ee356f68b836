"""Detectors of unusually high counts, each vectorised over series and weeks."""
