"""What collars said and the windows that follow from it, as the edge writes them."""
