"""Telling people of alerts: when to say what to whom, in which words, and how it gets there."""
