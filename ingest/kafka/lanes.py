"""Messages on their way into packed records: one open pack for each partition, closed by count, size or time."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, NamedTuple
from zlib import crc32

from core.delivery import Batch
from core.readings import Message

OVERHEAD_BYTES: Final = 24
"""What a message takes in a record beside its topic and payload, at most."""


class Limits(NamedTuple):
    """When a pack is closed, if time does not close it before.

    Attributes:
        messages: Most messages of a pack.
        size: Bytes above which a pack takes no further message.
    """

    messages: int = 500
    size: int = 524_288


class Share:
    """A batch whose messages are spread over packs: it is settled when the last of them is."""

    __slots__ = ("_open", "_settle")

    def __init__(self, settle: Callable[[], None]) -> None:
        self._open = 1  # whoever spreads the batch holds one
        self._settle = settle

    def hold(self) -> None:
        """Count one part more."""
        self._open += 1

    def release(self) -> None:
        """Count one part as safe."""
        self._open -= 1
        if not self._open:
            self._settle()


@dataclass(slots=True, eq=False)
class Pack:
    """Messages of one partition that become one record.

    Attributes:
        partition: Where the record goes.
        messages: In order of arrival.
        size: Bytes that they take, not quite exactly.
        shares: What is released when Kafka has the record.
        closed_at: When it took its last message, in seconds of the loop's clock; whoever takes it notes this.
    """

    partition: int
    messages: list[Message] = field(default_factory=list)
    size: int = 0
    shares: list[Share] = field(default_factory=list)
    closed_at: float = 0.0

    def settle(self) -> None:
        """Tell that the record is safe."""
        for share in self.shares:
            share.release()


class Lanes:
    """The open packs, one for each partition.

    Args:
        partitions: Of the topic.
        limits: When a pack is closed.
        full: Takes each pack that is closed by its limits.
    """

    def __init__(self, partitions: int, limits: Limits, full: Callable[[Pack], None]) -> None:
        self._limits, self._full = limits, full
        self._packs = [Pack(partition) for partition in range(partitions)]
        self._partition_of: dict[str, int] = {}

    def add(self, batch: Batch) -> None:
        """Spread the messages of a batch over the packs; it is settled when all of these are."""
        share = Share(batch.settle)
        for message in batch.messages:
            self._add(message, share)
        share.release()

    def close_all(self) -> None:
        """Close every pack that holds anything."""
        for pack in self._packs:
            if pack.messages:
                self._close(pack)

    def _add(self, message: Message, share: Share) -> None:
        topic = message.topic
        partition = self._partition_of.get(topic)
        if partition is None:
            partition = self._remember(topic)
        pack = self._packs[partition]
        size = len(topic) + len(message.payload) + OVERHEAD_BYTES
        if pack.size + size > self._limits.size and pack.messages:
            self._close(pack)
            pack = self._packs[partition]
        pack.messages.append(message)
        pack.size += size
        if not pack.shares or pack.shares[-1] is not share:
            pack.shares.append(share)
            share.hold()
        if len(pack.messages) >= self._limits.messages:
            self._close(pack)

    def _remember(self, topic: str) -> int:
        if len(self._partition_of) >= _REMEMBERED:  # topics are the senders' choice
            self._partition_of.clear()
        partition = self._partition_of[topic] = partition_of(topic, len(self._packs))
        return partition

    def _close(self, pack: Pack) -> None:
        self._packs[pack.partition] = Pack(pack.partition)
        self._full(pack)


_REMEMBERED: Final = 100_000


def partition_of(topic: str, partitions: int) -> int:
    """Return where the messages of a topic go: all of a collar to the same partition.

    >>> partition_of("animov/v1/barn/tag/samples", 12) == partition_of("animov/v1/barn/tag/status", 12)
    True
    """
    parts = topic.split("/")
    own = parts[:2] == ["animov", "v1"] and len(parts) >= 4
    key = "/".join(parts[2:4]) if own else topic
    return crc32(key.encode(errors="surrogatepass")) % partitions
