"""What a series is regressed on: sun, moon, weather, farm events."""
