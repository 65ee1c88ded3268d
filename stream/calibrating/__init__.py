"""Learning how collars are to be read: models fitted to labels, seats and gains estimated from what was received."""
