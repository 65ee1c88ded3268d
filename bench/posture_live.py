"""What a node would have known of a collar at each moment: its anchor, learned from walking, and that it has turned.

Every quarter of an hour it looks at the walking of the last day. What it learns takes effect ten minutes later, as
every calibration for live use does, and is never applied to what came before.
"""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import numpy as np

from bench.posture_scores import Postures
from bench.posture_wearers import Wearer, part_of
from stream.posture import labelled
from stream.posture.anchor import anchor_of
from stream.posture.seat import Seat
from stream.posture.turning import turned
from stream.posture.verdicts import UNKNOWN
from stream.posture.walks import Walks, walks_of

LOOK_MS: Final = 900_000
EFFECT_MS: Final = 600_000
DAY_MS: Final = 86_400_000


class Learned(NamedTuple):
    """Parameters of a calibration, and the milliseconds since 1970 from which they hold."""

    effective_from: int
    parameters: dict[str, Any]


def learned(one: Wearer) -> list[Learned]:
    """Return the calibrations that a node makes of a collar while its messages come."""
    walks, found = walks_of(one.motions, one.axes, {}), [Learned(0, {})]
    seat, since, estimated = None, 0, 0
    for now in range(int(one.start[0]) + LOOK_MS, int(one.end[-1]), LOOK_MS):
        recent = _between(walks, max(since, now - DAY_MS), now)
        turn = turned(recent, seat) if seat else None
        if turn:
            seat, since = None, turn.before
            found.append(Learned(now + EFFECT_MS, {"turned": True}))
        elif seat is None or now - estimated >= DAY_MS:
            new = anchor_of(recent)
            if isinstance(new, Seat):
                seat, estimated = new, now
                found.append(Learned(now + EFFECT_MS, {"anchor": new.anchor, "spread_deg": new.spread_deg}))
    return found


def said(one: Wearer, calibrations: list[Learned], model: dict[str, Any] | None = None) -> Postures:
    """Return what is said of each stretch by the calibration of its time, with the farm's `model` if it has one."""
    verdicts = np.full(len(one.start), UNKNOWN, dtype=np.int8)
    for here, parameters in _spans(one, calibrations):
        verdicts[here] = labelled.classify(part_of(one.features, here), parameters | (model or {})).posture
    return verdicts


def _spans(one: Wearer, calibrations: list[Learned]) -> Iterator[tuple[slice, dict[str, Any]]]:
    edges = np.searchsorted(one.start, [calibration.effective_from for calibration in calibrations])
    for first, stop, calibration in zip(edges, [*edges[1:], len(one.start)], calibrations, strict=True):
        if first < stop:
            yield slice(int(first), int(stop)), calibration.parameters


def _between(walks: Walks, start: int, end: int) -> Walks:
    return walks.part((walks.at >= start) & (walks.at < end))
