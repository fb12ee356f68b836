"""Simulated population, survey waves, feeds, outbreaks and council returns whose truth is known."""
