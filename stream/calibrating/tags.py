"""How leg tags sit, and their own thresholds, learned from a sample of the raw messages that are kept."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.delivery import Decode
from core.readings import CollarName, Message, Rejected, Samples
from core.timeline import to_ms
from storage.engine.database import Engine
from storage.evidence.registry import Calibration
from storage.herds import calibrations
from storage.herds.calibrations import Known
from stream.calibrating.publishing import registry_now
from stream.calibrating.seating import EFFECT_MS, Change
from stream.posture import leg
from stream.posture.axes import axis_of
from stream.posture.gain import corrected
from stream.posture.refused import Refused
from stream.posture.tag import Threshold, flipped, threshold_of
from stream.runner import MakeDecoder

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

SAMPLED: Final = timedelta(days=3)
"""Raw messages that are looked at: long enough for every tag to stand and to lie."""
MESSAGES: Final = 600
"""Messages of each tag that are read, about: with one sample each more than an estimate needs."""
LEVEL_MS: Final = 10_000
"""Gravity is the median of ten seconds."""
WORTH_G: Final = 0.02
"""Difference from which another threshold is worth a calibration."""
SURELY: Final = 60
"""Upright values, beyond those that are upside down, that tell that a tag was upright before it was turned over: ten
minutes."""


class Levels(NamedTuple):
    """What the up axis of a tag measured, by its latest calibration, in order of time.

    Attributes:
        at: Milliseconds since 1970, shape (n,).
        up_g: Medians of ten seconds, g, shape (n,).
    """

    at: Integers
    up_g: Floats


def changes_of_tags(
    engine: Engine, make_decoder: MakeDecoder, farm_id: int, now: datetime
) -> Iterator[tuple[Known, Change]]:
    """Yield what the leg tags of a farm ask for."""
    with engine.connect() as connection:
        known = calibrations.known(connection, farm_id)
        tags = {one.name: one for one in known if one.calibrations and one.calibrations[-1].mount == "leg"}
        if not tags:
            return
        decode = make_decoder(registry_now(engine))
        packs = calibrations.raw_sample(connection, farm_id, now - SAMPLED, MESSAGES * len(known))
        found = _levels(packs, decode, {name: one.calibrations[-1] for name, one in tags.items()})
    for name, levels in found.items():
        change = change_of_tag(tags[name].calibrations, levels, to_ms(now))
        if change is not None:
            yield tags[name], change


def change_of_tag(made: Sequence[Calibration], levels: Levels, now: int) -> Change | None:
    """Tell whether a tag was turned over, and if not, whether it has a threshold of its own; `None` for neither.

    Args:
        made: Its calibrations, oldest first.
        levels: Of the time since the latest.
        now: Milliseconds since 1970.
    """
    current = made[-1]
    if current.effective_from > now:
        return None
    first, surely = _upright_until(levels.up_g)
    if flipped(levels.up_g[first:]) is True:
        since = int(levels.at[first]) if surely else current.effective_from
        kept = [one for one in made if one.effective_from < since]
        return Change((*kept, _turned_over(current)._replace(effective_from=since)), since, None)
    threshold = threshold_of(levels.up_g)
    if isinstance(threshold, Refused) or not _is_worth(threshold, current):
        return None
    parameters = {**current.parameters, "threshold_g": threshold.threshold_g}
    return Change((), now, current._replace(effective_from=now + EFFECT_MS, parameters=parameters))


def _is_worth(threshold: Threshold, current: Calibration) -> bool:
    used = float(current.parameters.get("threshold_g", leg.THRESHOLD_G))
    return abs(threshold.threshold_g - used) >= WORTH_G


def _upright_until(up_g: Floats) -> tuple[int, bool]:
    """Return from where on a tag may be upside down, and whether it surely was upright before."""
    signs = (up_g > leg.THRESHOLD_G).astype(np.int64) - (up_g < -leg.THRESHOLD_G)
    upright = np.concatenate([[0], np.cumsum(signs)])
    first = int(np.argmax(upright))
    return first, bool(upright[first] >= SURELY)


def _turned_over(calibration: Calibration) -> Calibration:
    turned = {"up": "-up", "-up": "up"}
    first, second, third = (turned.get(axis, axis) for axis in calibration.axes)
    return calibration._replace(axes=(first, second, third))


def _levels(
    packs: Iterator[list[Message]], decode: Decode, latest: Mapping[CollarName, Calibration]
) -> dict[CollarName, Levels]:
    parts: dict[CollarName, list[tuple[Integers, Floats]]] = {}
    for message in (message for pack in packs for message in pack):
        decoded = decode(message)
        for name, reading in () if isinstance(decoded, Rejected) else decoded:
            if name in latest and isinstance(reading, Samples):
                parts.setdefault(name, []).append(_part(reading, latest[name]))
    return {
        name: _medians(np.concatenate([at for at, _ in found]), np.concatenate([up for _, up in found]))
        for name, found in parts.items()
    }


def _part(samples: Samples, calibration: Calibration) -> tuple[Integers, Floats]:
    at = np.asarray(samples.times, dtype=np.int64)
    xyz = np.asarray(samples.xyz, dtype=np.float64).reshape(-1, 3) * samples.g_per_unit
    up = axis_of(calibration.axes, "up")
    measured = corrected(xyz, calibration.parameters)
    up_g = measured[:, up] if up >= 0 else -measured[:, ~up]
    since = at >= calibration.effective_from
    return _medians(at[since], up_g[since])


def _medians(at: Integers, up_g: Floats) -> Levels:
    """Return the median of each ten seconds."""
    slots = at // LEVEL_MS
    order = np.argsort(slots, kind="stable")
    starts = np.flatnonzero(np.append(True, np.diff(slots[order]) > 0)) if len(at) else np.zeros(0, dtype=np.int64)
    medians = [float(np.median(part)) for part in np.split(up_g[order], starts[1:])] if len(at) else []
    return Levels(slots[order][starts] * LEVEL_MS, np.array(medians))
