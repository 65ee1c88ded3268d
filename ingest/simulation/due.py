"""A message and the instant at which it is to be published."""

from typing import NamedTuple


class Due(NamedTuple):
    """A message to publish at `due_ms`, milliseconds since 1970 on the herd's clock."""

    due_ms: int
    topic: str
    payload: bytes
