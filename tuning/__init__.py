"""Tuning the text encoder to the corpus: needs PyTorch, which nothing else in the project does."""
