"""Labels: spans in which people saw what animals did, joined with what their collars sent meanwhile."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from core.delivery import Decode
from core.errors import ConflictError, NotFoundError
from core.readings import CollarName, Message, Rejected, Samples
from core.timeline import from_ms, to_ms
from storage.engine.database import Engine
from storage.evidence.registry import Calibration
from storage.herds import calibrations
from storage.herds.calibrations import Known, Worn
from stream.calibrating.fitting import Session
from stream.contribution import NECKS
from stream.neck_reading import ordered
from stream.posture.features import Features, features_of, mapped
from stream.posture.gain import corrected
from stream.posture.seat import Seat, seat_of
from stream.posture.summary import digest_of

_LONGEST_MS: Final = 3_600_000
"""A message that began so long before a span may reach into it."""


class Observed(NamedTuple):
    """An animal was seen standing, or lying, in `[start, end)`, milliseconds since 1970."""

    animal: str
    start: int
    end: int
    standing: bool


class _Span(NamedTuple):
    """A span of observation, on the collar that the animal wore."""

    start: int
    end: int
    animal: str
    standing: bool


def sessions_of(
    engine: Engine,
    decode: Decode,
    farm_id: int,
    observed: Sequence[Observed],
    *,
    packs: Iterable[list[Message]] | None,
    zone: ZoneInfo,
) -> list[Session]:
    """Return what collars measured while their animals were observed; one that comes twice counts once.

    Args:
        engine: The node's database.
        decode: For its messages.
        farm_id: The farm.
        observed: What was seen.
        packs: The messages; `None` for the raw ones that are kept.
        zone: The farm's, for the days that are left out in turn.

    Raises:
        NotFoundError: an animal that nobody knows, or that wore nothing, is among the observed.
        ConflictError: no collar told anything in a span.
    """
    with engine.connect() as connection:
        known = {one.collar_id: one for one in calibrations.known(connection, farm_id)}
        spans = _spans(observed, calibrations.worn(connection, farm_id), known)
        if packs is None:
            packs = calibrations.raw_messages(connection, farm_id, from_ms(min(one.start for one in observed)))
        found = _gathered(packs, decode, {one.name: one for one in known.values()}, spans)
    _refuse_untold(observed, found, zone)
    return [
        Session(animal, day, features, seat, standing)
        for (animal, day, seat), (features, standing) in _joined(found, zone).items()
    ]


class _Piece(NamedTuple):
    """Stretches of one message that were observed, cut by one calibration."""

    animal: str
    at: int
    seat: Seat
    features: Features
    standing: tuple[bool, ...]


def _spans(
    observed: Sequence[Observed], worn: Sequence[Worn], known: Mapping[int, Known]
) -> dict[CollarName, list[_Span]]:
    animals = {one.animal for one in worn}
    spans: dict[CollarName, list[_Span]] = defaultdict(list)
    mounts = {id_: {made.mount for made in one.calibrations} for id_, one in known.items()}
    for seen in observed:
        if seen.animal not in animals:
            raise NotFoundError("animal that wore a collar", seen.animal)
        if not any(mounts[one.collar_id] & NECKS for one in worn if one.animal == seen.animal):
            raise ConflictError(
                f"{seen.animal} wears no collar on its neck: only collars and ear tags learn from labels"
            )
        for one in worn:
            start = max(seen.start, to_ms(one.start) if one.start else seen.start)
            end = min(seen.end, to_ms(one.end) if one.end else seen.end)
            if one.animal == seen.animal and start < end:
                spans[known[one.collar_id].name].append(_Span(start, end, seen.animal, seen.standing))
    return {name: sorted(of_one) for name, of_one in spans.items()}


def _gathered(
    packs: Iterable[list[Message]],
    decode: Decode,
    known: Mapping[CollarName, Known],
    spans: Mapping[CollarName, list[_Span]],
) -> list[_Piece]:
    pieces: dict[tuple[CollarName, int, int], _Piece] = {}
    for message in (message for pack in packs for message in pack):
        decoded = decode(message)
        for name, reading in () if isinstance(decoded, Rejected) else decoded:
            if name in spans and isinstance(reading, Samples):
                times, rows = ordered(reading)
                xyz = np.array(rows, dtype=np.float64) * reading.g_per_unit
                piece = _piece(times, xyz, known[name].calibrations, spans[name])
                if piece is not None:
                    pieces[name, times[0], digest_of(times, xyz)] = piece
    return [pieces[key] for key in sorted(pieces)]


def _piece(times: Sequence[int], xyz: Any, made: Sequence[Calibration], spans: Sequence[_Span]) -> _Piece | None:
    """Return the stretches that lie in one span as a whole, where it is known how the collar sat."""
    place = bisect_right([one.effective_from for one in made], times[0]) - 1
    calibration = made[place] if place >= 0 else None
    seat = seat_of(calibration.parameters) if calibration else None
    if calibration is None or seat is None or calibration.mount not in NECKS:
        return None
    features = mapped(features_of(times, corrected(xyz, calibration.parameters)), calibration.axes)
    within = [
        next((one for one in spans if one.start <= times[start] and times[stop - 1] < one.end), None)
        for start, stop in zip(features.start.tolist(), features.stop.tolist(), strict=True)
    ]
    where = np.array([one is not None for one in within], dtype=bool)
    seen = [one for one in within if one is not None]
    if not seen:
        return None
    kept = Features(*(column[where] for column in features))
    return _Piece(seen[0].animal, times[0], seat, kept, tuple(one.standing for one in seen))


def _refuse_untold(observed: Sequence[Observed], found: Sequence[_Piece], zone: ZoneInfo) -> None:
    for seen in observed:
        if not any(one.animal == seen.animal and seen.start - _LONGEST_MS < one.at < seen.end for one in found):
            start, end = (from_ms(edge).astimezone(zone) for edge in (seen.start, seen.end))
            raise ConflictError(
                f"nothing is kept of {seen.animal} from {start:%Y-%m-%d %H:%M} to {end:%H:%M} of a collar whose seat is"
                " known: its messages may be gone (name a --recording), or it has not walked enough yet"
            )


def _joined(found: Sequence[_Piece], zone: ZoneInfo) -> dict[tuple[str, str, Seat], tuple[Features, Any]]:
    groups: dict[tuple[str, str, Seat], list[_Piece]] = defaultdict(list)
    for piece in found:
        groups[piece.animal, _day(piece.at, zone).date().isoformat(), piece.seat].append(piece)
    return {key: _one_after_another(sorted(pieces, key=lambda one: one.at)) for key, pieces in groups.items()}


def _one_after_another(pieces: Sequence[_Piece]) -> tuple[Features, Any]:
    numbered = [
        piece.features._replace(message=np.full(len(piece.features.start), number, dtype=np.int64))
        for number, piece in enumerate(pieces)
    ]
    features = Features(*(np.concatenate(columns) for columns in zip(*numbered, strict=True)))
    return features, np.array([stood for piece in pieces for stood in piece.standing], dtype=bool)


def _day(at: int, zone: ZoneInfo) -> datetime:
    return from_ms(at).astimezone(zone)
