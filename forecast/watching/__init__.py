"""Windows where a group left its band: episodes, their likely causes, the alert."""
