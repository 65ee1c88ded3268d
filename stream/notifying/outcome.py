"""How an attempt to send a message ended."""

from collections.abc import Callable
from typing import Literal, NamedTuple

from storage.alerting.notice_channels import Channel
from storage.alerting.notifications import Message


class Outcome(NamedTuple):
    """How an attempt ended.

    Attributes:
        end: `taken`; `not_taken`: it is certain that nobody has it, and another attempt may do better; `unclear`:
            the connection broke after all was said; `refused`: for good.
        why: In a line, if it was not taken.
    """

    end: Literal["taken", "not_taken", "unclear", "refused"]
    why: str = ""


TAKEN = Outcome("taken")

Send = Callable[[Channel, Message], Outcome]
"""Makes one attempt, within bounded time, and never raises for what others do."""


def in_a_line(said: object) -> str:
    """Return what somebody said of a failure, short and in one line."""
    text = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
    return " ".join(text.split())[:300]
