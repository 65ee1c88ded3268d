"""Alerts, and how people are told of them."""
