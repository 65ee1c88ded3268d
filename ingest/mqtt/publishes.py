"""The hot path: one loop over all ordinary PUBLISH packets of one read.

Ordinary means complete, QoS 0 or 1, to a topic that was checked before, and without properties.
The loop stops at anything else; whoever called it looks there in the slow and thorough way.
"""

from dataclasses import dataclass, field
from functools import partial
from itertools import repeat
from typing import Final

from core.readings import Message
from ingest.mqtt.packets import PUBACK

_QOS: Final = tuple({0x30: 0, 0x31: 0, 0x32: 1, 0x33: 1, 0x3A: 1, 0x3B: 1}.get(first, -1) for first in range(256))
_NO_ID: Final = b"\0\0"
_message = partial(tuple.__new__, Message)


@dataclass(slots=True)
class Found:
    """What was read and not yet handed over: columns of equal length, and what is owed for them.

    Attributes:
        topics: One for each message.
        payloads: One for each message.
        replies: Acknowledgements in order of receipt; QoS 0 has none, a refused message has one and is not among
            the messages.
        packet_ids: Identifiers of the QoS 2 messages.
    """

    topics: list[str] = field(default_factory=list)
    payloads: list[bytes] = field(default_factory=list)
    replies: list[bytes] = field(default_factory=list)
    packet_ids: list[int] = field(default_factory=list)

    def add(self, topic: str, payload: bytes) -> None:
        """Add one message."""
        self.topics.append(topic)
        self.payloads.append(payload)

    def messages(self, received_at: int) -> list[Message]:
        """Return the messages, stamped with the time of their receipt."""
        return list(map(_message, zip(self.topics, repeat(received_at), self.payloads, strict=False)))


def read_publishes(
    chunk: bytes, position: int, found: Found, *, room: int, known: dict[bytes, str], v5: bool, largest: int
) -> int:
    """Read ordinary PUBLISH packets into `found` and return where the first other packet begins.

    Args:
        chunk: What was read.
        position: Where a packet begins.
        found: Grows.
        room: Most messages to read.
        known: Topics that may be published to, by their bytes with the length before them.
        v5: Whether a length of properties follows the topic.
        largest: Most bytes of a packet's body that need no closer look.
    """
    end, topic_of = len(chunk), known.get
    add_topic, add_payload, reply = found.topics.append, found.payloads.append, found.replies.append
    for _ in range(room):
        if end - position < 5:  # the shortest PUBLISH
            break
        qos, length, start = _QOS[chunk[position]], chunk[position + 1], position + 2
        if length > 0x7F:
            length += (chunk[start] - 1) << 7
            if chunk[start] > 0x7F:
                break
            start += 1
        stop = start + length
        if qos < 0 or stop > end or length > largest:
            break
        after = start + 2 + (chunk[start] << 8 | chunk[start + 1])
        topic = topic_of(chunk[start:after])
        payload = after + 2 if qos else after
        if v5:
            payload += 1
        if topic is None or payload > stop or (v5 and chunk[payload - 1]):
            break
        if qos:
            packet_id = chunk[after : after + 2]
            if packet_id == _NO_ID:
                break
            reply(PUBACK + packet_id)
        add_topic(topic)
        add_payload(chunk[payload:stop])
        position = stop
    return position
