"""What requests and answers look like on every route: time, parts of lists, problems, formats, headers."""
