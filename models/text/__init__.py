"""Text of messages: language, places, ethnic groups, duplicates and privacy."""
