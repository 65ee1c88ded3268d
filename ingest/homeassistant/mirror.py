"""What a broker is to keep, what it is known to keep, and so what is to be published next.

Of each topic only the latest counts, so what waits for a broker that is away is never more than what is to be shown.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

REMOVED: Final = b""
"""A retained message without payload removes the one that was kept: section 3.3.1.3 of MQTT 3.1.1."""


class Retained(NamedTuple):
    """A message that the broker is to keep."""

    topic: str
    payload: bytes


class Mirror:
    """The messages of one node at one broker.

    One message of a topic is under way at a time: two might be taken in another order when the first is sent again.
    """

    def __init__(self) -> None:
        self._wanted: dict[str, bytes] = {}
        self._kept: dict[str, bytes] = {}  # as acknowledged on this connection
        self._under_way: dict[str, bytes] = {}

    @property
    def settled(self) -> bool:
        """Whether the broker keeps what it is to keep, and nothing of ours beside it."""
        return not self._under_way and not any(self._differing())

    def show(self, messages: Mapping[str, bytes]) -> None:
        """Want these kept and nothing else of ours."""
        for topic in self._wanted.keys() - messages.keys():
            self._wanted[topic] = REMOVED
        self._wanted.update(messages)

    def wants(self, topic: str) -> bool:
        """Tell whether something is to be kept in a topic."""
        return bool(self._wanted.get(topic))

    def put(self, message: Retained) -> None:
        """Want one message kept, beside what is wanted already."""
        self._wanted[message.topic] = message.payload

    def found(self, message: Retained) -> None:
        """Take note of what the broker has kept from earlier: what is not wanted any longer is to be removed."""
        if message.payload:
            self._wanted.setdefault(message.topic, REMOVED)

    def again(self, topics: Iterable[str] | None = None) -> None:
        """Want some topics published again, or all, though the broker keeps what it is to keep."""
        for topic in list(self._kept if topics is None else topics):
            self._kept.pop(topic, None)

    def lost(self) -> None:
        """Take note that the connection is lost: nothing is known of what the broker keeps."""
        self._kept.clear()
        self._under_way.clear()

    def next(self, most: int) -> list[Retained]:
        """Return what to publish now, so that at most so many messages are under way."""
        room = most - len(self._under_way)
        due = [Retained(topic, self._wanted[topic]) for topic, _ in zip(self._due(), range(room), strict=False)]
        self._under_way.update(due)
        return due

    def acknowledged(self, topic: str) -> None:
        """Take note that the broker keeps what was published."""
        payload = self._under_way.pop(topic)
        self._kept[topic] = payload
        if payload == REMOVED == self._wanted[topic]:
            del self._wanted[topic], self._kept[topic]

    def _due(self) -> Iterator[str]:
        return (topic for topic in self._differing() if topic not in self._under_way)

    def _differing(self) -> Iterator[str]:
        return (topic for topic, payload in self._wanted.items() if self._kept.get(topic) != payload)
