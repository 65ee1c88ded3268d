"""Facts about animals, read from the merged seconds of their windows."""
