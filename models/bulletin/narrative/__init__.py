"""Rules that turn numbers into hedged sentences in Kazakh, Russian and English."""
