"""Farms and what they consist of: animals, groups, collars, who wore what and was where."""
