"""What is known of each animal by day and now."""
