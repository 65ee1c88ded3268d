"""The HTTP interface: authentication, resources, health."""
