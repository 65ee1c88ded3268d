"""Forecasts, what they were made from and how well they came true."""
