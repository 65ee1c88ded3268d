"""The MQTT edge: endpoint, subscriber, decoding, recording, replay, simulation, import."""
