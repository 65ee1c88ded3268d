"""A model made on request: trained, tracked, registered, saved."""
