"""What is known of all tables: which hold anything of a farm, which are kept by time."""
