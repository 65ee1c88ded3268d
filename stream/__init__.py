"""Posture from acceleration, evidence that merges, and the flush that commits it."""
