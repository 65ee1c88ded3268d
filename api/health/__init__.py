"""Whether the server works, and how: readiness, metrics for Prometheus, traces for OpenTelemetry."""
