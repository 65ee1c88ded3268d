"""From a transport to the flush and back: what arrived together, and how to say that it is safe.

A transport (MQTT endpoint, subscriber, HTTP, import) hands over batches; whoever commits them
settles each batch once, after the commit, in the order of arrival. Nothing else is shared.
"""

from collections.abc import Callable
from dataclasses import dataclass

from core.readings import Heard, Message, Rejected


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Messages that arrived together from one origin.

    Attributes:
        messages: In order of receipt; never empty.
        settle: Acknowledges all of them to their origin; called once, after the commit. It does nothing
            when the origin has gone away meanwhile: what was read is committed all the same.
    """

    messages: list[Message]
    settle: Callable[[], None]


Intake = Callable[[Batch], None]
"""Takes a batch without blocking; the transport itself bounds what is not yet settled."""

Decode = Callable[[Message], list[Heard] | Rejected]
"""Admits and decodes one message: a pure function of the message, its `received_at` and fixed limits."""
