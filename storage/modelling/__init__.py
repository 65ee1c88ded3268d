"""Models and the long work on them."""
