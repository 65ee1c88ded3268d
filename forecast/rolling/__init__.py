"""Forecasts every quarter of an hour: issued, calibrated, held against what came."""
