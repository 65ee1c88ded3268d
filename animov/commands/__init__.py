"""The commands, one file a subject; each imports what it needs only when it runs."""
