"""An MQTT 3.1.1 and 5.0 endpoint that takes messages and acknowledges them when they are committed; no broker."""
