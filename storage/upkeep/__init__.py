"""The database as a whole: made, described, watched, backed up, kept from growing for ever."""
