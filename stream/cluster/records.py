"""What a record of the topic holds: its messages, or itself, as one message that nobody can read."""

from collections.abc import Sequence
from typing import Final

from core.delivery import Decode
from core.readings import Heard, Message, Rejected
from storage.evidence.packs import PackError, unpack

PREFIX: Final = "kafka/"
"""Where the topics of unreadable records begin; no broker takes messages of collars there."""


def open_record(value: bytes, *, topic: str, partition: int, received_at: int) -> Sequence[Message]:
    """Return the messages of a record; one that can't be opened is itself the message, whole.

    Args:
        value: The record's.
        topic: Kafka's name of the topic.
        partition: Where the record was.
        received_at: When Kafka got it, in milliseconds since 1970.
    """
    try:
        return unpack(value)
    except PackError:
        return [Message(f"{PREFIX}{topic}/{partition}", received_at, value)]


def refusing_records(decode: Decode) -> Decode:
    """Return a decoder that refuses records which could not be opened and leaves all else to another."""

    def decoded(message: Message) -> list[Heard] | Rejected:
        return _refusal(message) if message.topic.startswith(PREFIX) else decode(message)

    return decoded


def _refusal(message: Message) -> Rejected:
    try:
        unpack(message.payload)
    except PackError as error:
        return Rejected("unreadable_record", str(error))
    return Rejected("unreadable_record", f"topics that begin with {PREFIX} name records which can't be opened")
