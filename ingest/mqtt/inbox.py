"""The bound on what was received and is not yet committed, over all connections."""

from collections.abc import Callable


class Inbox:
    """Counts messages and bytes; says once when it is too full, and once when it is below half again.

    Attributes:
        messages: Received and not yet settled.
        bytes: The same in bytes on the wire.
        full: Whether reading should pause.
    """

    __slots__ = ("_changed", "_max_bytes", "_max_messages", "bytes", "full", "messages")

    def __init__(self, *, max_messages: int, max_bytes: int, changed: Callable[[], None]) -> None:
        """Make an empty inbox; `changed` is called when `full` changes and when it has become empty."""
        self._max_messages = max_messages
        self._max_bytes = max_bytes
        self._changed = changed
        self.messages = self.bytes = 0
        self.full = False

    def take(self, messages: int, size: int) -> None:
        """Count what was received."""
        self.messages += messages
        self.bytes += size
        if not self.full and (self.messages > self._max_messages or self.bytes > self._max_bytes):
            self.full = True
            self._changed()

    def give(self, messages: int, size: int) -> None:
        """Count what was settled."""
        self.messages -= messages
        self.bytes -= size
        if self.full and self.messages * 2 <= self._max_messages and self.bytes * 2 <= self._max_bytes:
            self.full = False
            self._changed()
        elif not self.messages:
            self._changed()
