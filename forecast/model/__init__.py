"""The model of one series: rhythm, habits, errors, bands, baselines, and what stands in where it cannot be fitted."""
