"""What is known of how a farm's collars sit, and why of some seconds nothing is said."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from core.delivery import Decode
from core.readings import CollarName, Message, Reading, Rejected, Samples, Span, Sums
from core.timeline import from_ms, to_ms
from storage.engine.database import Connection, Engine
from storage.evidence import rejected
from storage.evidence.registry import SINCE_EVER, Registry
from storage.evidence.rejected import Refusals
from storage.herds import calibrations
from storage.herds.calibrations import Known
from stream.calibrating.clock_faults import Clock, Timed, clock_of
from stream.calibrating.publishing import registry_now
from stream.contributed import Contributed
from stream.contribution import reader_of, rule_of
from stream.neck_telling import seconds_unknown, tell
from stream.posture.leg import THRESHOLD_G
from stream.posture.verdicts import Reason
from stream.runner import MakeDecoder

LAST: Final = timedelta(days=1)
MESSAGES: Final = 3000
"""Messages of the last day that are read again to tell reasons, spread evenly over it: a few seconds."""


class State(NamedTuple):
    """How a collar is read now.

    Attributes:
        collar: Its own id.
        mount: Where it sits; `unknown` while nobody has said.
        rule: By which posture is told, as `core.method.Rule` names it in lower case.
        anchor: Gravity while walking: forward, up, right; `None` where that is not known or has no part.
        spread_deg: Its spread, degrees.
        since: When the calibration in use took effect; `None` is since ever.
        turned: Whether the collar has turned since then, and its new seat is not known yet.
        off: Whether nothing has moved it since then: it is not worn, or its animal is dead.
        received_s: Seconds received in the last day.
        unknown: Share of them of which nothing is said; `None` where nothing was received.
        reasons: Shares of the unknown seconds by reason, from a sample of the last day's messages.
        gain: Of each axis, where learned.
        offset: g, of each axis, where learned.
        threshold_g: Below which a leg tag lies; `None` for others.
        axes: What the three numbers of its samples are.
        generation: The published one.
        recomputing: Whether a newer one is on its way.
        clock: Its clock, by the same sample.
        refused: Messages of the last day that were refused for their times; `None` for none.
    """

    collar: str
    mount: str
    rule: str
    anchor: Sequence[float] | None
    spread_deg: float | None
    since: datetime | None
    turned: bool
    off: bool
    received_s: int
    unknown: float | None
    reasons: Mapping[str, float]
    gain: Sequence[float] | None
    offset: Sequence[float] | None
    threshold_g: float | None
    axes: Sequence[str]
    generation: int
    recomputing: bool
    clock: Clock
    refused: Refusals | None


class _Sampled(NamedTuple):
    """What a sample of messages tells: shares of reasons by collar, and when each collar's were made and received."""

    reasons: Mapping[int, Mapping[str, float]]
    timed: Mapping[CollarName, Sequence[Timed]]


def states_of(engine: Engine, make_decoder: MakeDecoder, farm_id: int, now: datetime) -> list[State]:
    """Tell of each collar of a farm, by name."""
    registry = registry_now(engine)
    with engine.connect() as connection:
        known = calibrations.known(connection, farm_id)
        seconds = calibrations.seconds_since(connection, farm_id, now - LAST)
        sampled = _sampled(connection, registry, make_decoder, farm_id, now)
        refused = rejected.refused_times(connection, farm_id, now - LAST)
    return [
        _state(one, now, seconds.get(one.collar_id, (0, 0)), sampled, refused.get(one.name.collar)) for one in known
    ]


def clocks_of(engine: Engine, make_decoder: MakeDecoder, farm_id: int, now: datetime) -> dict[CollarName, Clock]:
    """Tell of the clocks of a farm's collars, by a sample of the last day's messages."""
    decode = make_decoder(registry_now(engine))
    timed: dict[CollarName, list[Timed]] = {}
    with engine.connect() as connection:
        for pack in calibrations.raw_sample(connection, farm_id, now - LAST, MESSAGES):
            for message, name, reading in _heard(pack, decode):
                last = _last_of(reading)
                if last is not None:
                    timed.setdefault(name, []).append(Timed(message.received_at, last))
    return {name: clock_of(told) for name, told in timed.items()}


def _state(one: Known, now: datetime, seconds: tuple[int, int], sampled: _Sampled, refused: Refusals | None) -> State:
    made = [calibration for calibration in one.calibrations if calibration.effective_from <= to_ms(now)]
    current = made[-1] if made else None
    parameters: Mapping[str, Any] = current.parameters if current else {}
    received, told = seconds
    return State(
        collar=one.name.collar,
        mount=current.mount if current else "unknown",
        rule=rule_of(current).name.lower() if current else "none",
        anchor=parameters.get("anchor"),
        spread_deg=parameters.get("spread_deg"),
        since=from_ms(current.effective_from) if current and current.effective_from != SINCE_EVER else None,
        turned=bool(parameters.get("turned")),
        off=bool(parameters.get("off")),
        received_s=received,
        unknown=1 - told / received if received else None,
        reasons=sampled.reasons.get(one.collar_id, {}),
        gain=parameters.get("gain"),
        offset=parameters.get("offset"),
        threshold_g=parameters.get("threshold_g", THRESHOLD_G) if current and current.mount == "leg" else None,
        axes=current.axes if current else (),
        generation=one.published,
        recomputing=one.pending is not None,
        clock=clock_of(sampled.timed.get(one.name, ())),
        refused=refused,
    )


def _sampled(
    connection: Connection, registry: Registry, make_decoder: MakeDecoder, farm_id: int, now: datetime
) -> _Sampled:
    decode, contributed = make_decoder(registry), Contributed(unknown={})
    reads = {name: reader_of(one) for name, one in registry.collars.items() if one.farm_id == farm_id}
    timed: dict[CollarName, list[Timed]] = {}
    for pack in calibrations.raw_sample(connection, farm_id, now - LAST, MESSAGES):
        for message, name, reading in _heard(pack, decode):
            last = _last_of(reading)
            if last is not None:
                timed.setdefault(name, []).append(Timed(message.received_at, last))
            if name in reads and isinstance(reading, Samples):
                reads[name](contributed, reading)
    tell(contributed)
    return _Sampled(_shares(seconds_unknown(contributed)), timed)


def _heard(pack: Iterable[Message], decode: Decode) -> Iterator[tuple[Message, CollarName, Reading]]:
    for message in pack:
        decoded = decode(message)
        for name, reading in () if isinstance(decoded, Rejected) else decoded:
            yield message, name, reading


def _last_of(reading: Reading) -> int | None:
    """Return the latest instant by the device's clock; `None` where it told none."""
    if isinstance(reading, Samples):
        return max(reading.times) if reading.timed and len(reading.times) else None
    return reading.t1 if isinstance(reading, Span | Sums) else None


def _shares(unknown: Mapping[tuple[int, Reason], int]) -> dict[int, dict[str, float]]:
    totals: Counter[int] = Counter()
    for (collar_id, _), seconds in unknown.items():
        totals[collar_id] += seconds
    found: dict[int, dict[str, float]] = {}
    for (collar_id, reason), seconds in sorted(unknown.items()):
        found.setdefault(collar_id, {})[reason.name.lower()] = seconds / totals[collar_id]
    return found
