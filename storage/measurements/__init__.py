"""Windows as they are read: of animals, groups and herds, by page, file, hour, day."""
