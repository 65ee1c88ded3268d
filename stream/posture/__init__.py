"""Rules that tell standing from lying: one file a rule, no state between messages."""
