"""Dagster assets: read, call one function of models, return."""
