"""Who may see and do what: people, keys, logins, and the record of what they changed."""
