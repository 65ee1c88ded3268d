"""The environment variables that PostgreSQL's own programs are started with."""

from collections.abc import Mapping


def server_environment(ours: Mapping[str, str]) -> dict[str, str]:
    """Return our variables without those that would steer PostgreSQL or Python, and with messages in English.

    >>> server_environment({"PATH": "/bin", "PGDATA": "/other", "LC_ALL": "fr_FR"})
    {'PATH': '/bin', 'LC_ALL': 'C'}
    """
    kept = {name: value for name, value in ours.items() if not name.startswith(("PG", "LC_", "PYTHON", "ANIMOV_"))}
    return kept | {"LC_ALL": "C"}
