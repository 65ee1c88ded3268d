"""Changing farms and herds: who is there, who wears what, what people write down."""
