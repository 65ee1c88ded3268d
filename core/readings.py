"""What a collar says, decoded: acceleration, posture, status; and what is refused.

The same readings come out of every payload format, and only these go into posture rules.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Final, NamedTuple

from msgspec import Meta

_LAST_MS: Final = 253_402_300_799_999  # that a calendar has a name for


class Posture(StrEnum):
    """What a device reports of an animal. `unknown` means received, not classified."""

    STANDING = "standing"
    LYING = "lying"
    UNKNOWN = "unknown"


class CollarName(NamedTuple):
    """A collar's address: farm and collar id as in the topic, each `[A-Za-z0-9_-]{1,64}`."""

    farm: str
    collar: str

    def __str__(self) -> str:
        return f"{self.farm}/{self.collar}"


class Message(NamedTuple):
    """One message as it came in, before anybody looked inside.

    `received_at` is stamped once, by the edge, in milliseconds since 1970 on the node's clock.
    """

    topic: str
    received_at: Annotated[int, Meta(ge=0, le=_LAST_MS)]
    payload: bytes


class Samples(NamedTuple):
    """Acceleration of one collar, in the order of the device's own axes.

    `times` are milliseconds since 1970, one for each row of `xyz`; `g_per_unit` turns a number of `xyz` into g.
    `seq` counts the device's messages and only serves to count losses. `timed` is false when the device
    sent no time and the time of receipt stands in.
    """

    times: Sequence[int]
    xyz: Sequence[Sequence[float]]
    g_per_unit: float = 1.0
    seq: int | None = None
    timed: bool = True


class Span(NamedTuple):
    """A posture that the device reports for `[t0, t1)`, in milliseconds since 1970."""

    t0: int
    t1: int
    posture: Posture


class Sums(NamedTuple):
    """Whole seconds standing and lying that the device counted in `[t0, t1)`, order unknown.

    `t0` and `t1` in milliseconds since 1970; `standing_s + lying_s` is at most the length of the span.
    """

    t0: int
    t1: int
    standing_s: int
    lying_s: int


class Status(NamedTuple):
    """A collar's own health. `at` is milliseconds since 1970; unknown fields are `None`."""

    at: int
    online: bool | None = None
    battery_v: float | None = None
    rssi_dbm: float | None = None
    firmware: str | None = None


Reading = Samples | Span | Sums | Status


class Heard(NamedTuple):
    """One reading and the collar it came from; a message of a network server may hold several."""

    collar: CollarName
    reading: Reading


class Rejected(NamedTuple):
    """Why a message is not admitted: a stable `code` and a sentence with the offending value.

    Attributes:
        code: Stable name of the reason.
        detail: The reason in a sentence.
        device: The alias that is no collar's, such as `tts:ID`, if that is the reason.
    """

    code: str
    detail: str
    device: str | None = None
