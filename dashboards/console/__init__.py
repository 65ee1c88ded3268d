"""The console: what an adviser works the model with, in a browser, through the API alone."""
