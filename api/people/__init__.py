"""Who asks and what they may do: logins, sessions, keys, roles, and the record of what was changed."""
