"""Language: images found by words, and what the names of the classes alone would say."""
