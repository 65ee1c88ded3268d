"""All that is a farm's, taken along and deleted."""
