"""Grafana as code: dashboards, alert rules, provisioning, and how they get into a server."""
