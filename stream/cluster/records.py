"""What a record of the topic holds: its messages, or itself, as one message that nobody can read."""

from collections.abc import Sequence
from operator import attrgetter
from typing import Final

from core.delivery import Decode
from core.readings import Heard, Message, Rejected
from storage.evidence.packs import PackError, unpack

PREFIX: Final = "kafka/"
"""Where the topics of unreadable records begin; no broker takes messages of collars there."""

_received_at = attrgetter("received_at")
_MOST_MS: Final = 253_402_300_799_999  # the last millisecond that a calendar has a name for


def open_record(value: bytes, *, topic: str, partition: int, received_at: int) -> Sequence[Message]:
    """Return the messages of a record; one that can't be opened is itself the message, whole.

    Args:
        value: The record's.
        topic: Kafka's name of the topic.
        partition: Where the record was.
        received_at: When Kafka got it, in milliseconds since 1970.
    """
    try:
        messages = unpack(value)
    except PackError:
        messages = None
    if messages is None or not all(0 <= at <= _MOST_MS for at in set(map(_received_at, messages))):
        return [Message(f"{PREFIX}{topic}/{partition}", received_at, value)]
    return messages


def refusing_records(decode: Decode) -> Decode:
    """Return a decoder that refuses records which could not be opened and leaves all else to another."""

    def decoded(message: Message) -> list[Heard] | Rejected:
        return _refusal(message) if message.topic.startswith(PREFIX) else decode(message)

    return decoded


def _refusal(message: Message) -> Rejected:
    return Rejected("unreadable_record", _why(message.payload))


def _why(value: bytes) -> str:
    try:
        unpack(value)
    except PackError as error:
        return str(error)
    return "this packed record holds a time of receipt that no calendar has"
