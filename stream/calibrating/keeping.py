"""Keeps the calibrations of a farm's collars up with how they sit.

Every step is safe to repeat. A history that was begun is finished first, by whoever comes next; a calibration is added
only to what it was worked out from.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from core.errors import ConflictError
from core.logs import get_logger
from core.motion import Motion
from core.readings import CollarName
from core.settings import Settings
from core.timeline import from_ms, to_ms
from storage.animals import watching_animals as watched
from storage.engine import clocks
from storage.engine.database import Connection, Engine
from storage.evidence import motion
from storage.evidence.registry import SINCE_EVER
from storage.herds import calibrations, herd
from storage.herds.calibrations import Known
from stream.behaviour.stillness import SPECIES_STILL_S, is_still
from stream.calibrating.clock_alerts import watch_clocks
from stream.calibrating.publishing import first_effect, known_collar, republish
from stream.calibrating.seating import (
    LOOK_BACK_MS,
    RECENT_MS,
    Change,
    change_of,
    forgotten,
    gain_change_of,
    refusal_of,
)
from stream.calibrating.tags import changes_of_tags
from stream.calibrating.telling import clocks_of
from stream.calibrating.wearing import LEAST_MOVING, is_off, off_change_of, worn_change_of
from stream.contribution import NECKS
from stream.runner import MakeDecoder

log = get_logger(__name__)

LOOKED_AT: Final = 0.9
"""Share of the last hours' stretches without movement from which it is looked at whether a collar is worn: a kick may
have been among them."""

LOOK_AT_TAGS: Final = timedelta(days=1)
"""Between two looks at what is dear to learn: leg tags from their raw messages, gain and offset from days at rest."""


def keep_calibrations(engine: Engine, settings: Settings, make_decoder: MakeDecoder, farm_id: int) -> None:
    """Do what the last days ask for: finish what was begun, date what came off or turned, learn seats.

    Once a day the rest is looked at.
    """
    with engine.connect() as connection:
        now = clocks.read(connection).now()
        looked = calibrations.tags_looked_at(connection, farm_id)
        known = calibrations.known(connection, farm_id)
    republish(engine, settings, make_decoder, {one.name: one.pending for one in known if one.pending}, None)
    _apply(engine, settings, make_decoder, _changes_of_wearing(engine, farm_id, now))
    _apply(engine, settings, make_decoder, _changes_of_seats(engine, farm_id, now))
    due = looked is None or now - looked >= LOOK_AT_TAGS
    watch_clocks(engine, farm_id, now, clocks_of(engine, make_decoder, farm_id, now) if due else None)
    if due:
        _apply(engine, settings, make_decoder, _changes_of_gains(engine, farm_id, now))
        _apply(engine, settings, make_decoder, changes_of_tags(engine, make_decoder, farm_id, now))
        with engine.begin() as connection:
            calibrations.note_look_at_tags(connection, farm_id, now)


def relearn(engine: Engine, settings: Settings, make_decoder: MakeDecoder, name: CollarName) -> int:
    """Forget how a collar sat and learn it from its walking of the last days; the past is read again.

    Returns:
        How many raw messages were read again.

    Raises:
        NotFoundError: there is no such collar.
        ConflictError: it is worn on no neck or ear, or has not walked enough.
    """
    one = known_collar(engine, name)
    if not one.calibrations or one.calibrations[-1].mount not in NECKS:
        raise ConflictError(f"{name} is worn on no neck or ear, so walking tells nothing of how it sits")
    if one.pending is not None:
        raise ConflictError(f"the past of {name} is being read again already; try when that is done")
    with engine.connect() as connection:
        now = clocks.read(connection).now()
        start = now - timedelta(milliseconds=LOOK_BACK_MS)
        walking = motion.walking_of(connection, [one.collar_id], start).get(one.collar_id, [])
    blank = forgotten(one.calibrations)
    refused = refusal_of(blank, walking)
    change = None if refused else change_of(blank, walking, to_ms(now))
    if change is None:
        raise ConflictError(f"{name} has not told how it sits in the last 7 days: {refused.detail if refused else ''}")
    return _apply(engine, settings, make_decoder, [(one, change._replace(since=SINCE_EVER))])


def _changes_of_wearing(engine: Engine, farm_id: int, now: datetime) -> Iterable[tuple[Known, Change]]:
    """Yield what is to be said of collars that lie somewhere, and of those that are put on again."""
    with engine.connect() as connection:
        necks = {one.collar_id: one for one in calibrations.known(connection, farm_id) if _is_neck(one)}
        limit = timedelta(seconds=SPECIES_STILL_S[watched.farm_facts(connection, farm_id).species])
        off = [key for key, one in necks.items() if is_off(one.calibrations[-1])]
        worn = {one.id: one for one in watched.worn_collars(connection, farm_id, now) if one.id in necks.keys() - off}
        still = watched.motions_between(connection, list(worn), now - limit, now)
        few = [key for key, told in still.items() if is_still(*told, 0, LOOKED_AT)]
        lately = watched.motions_between(connection, off, now - timedelta(milliseconds=RECENT_MS), now)
        stirred = [key for key, told in lately.items() if told.stretches - told.still >= LEAST_MOVING]
        moved = motion.all_of(connection, few + stirred, now - timedelta(milliseconds=LOOK_BACK_MS))
    for key in few:
        worn_since = worn[key].worn_since
        told = [one for one in moved[key] if worn_since is None or one.at >= to_ms(worn_since)]
        change = off_change_of(necks[key].calibrations, told, to_ms(now), limit // timedelta(milliseconds=1))
        if change is not None:
            yield necks[key], change
    for key in stirred:
        change = worn_change_of(necks[key].calibrations, moved[key], to_ms(now))
        if change is not None:
            yield necks[key], change


def _changes_of_seats(engine: Engine, farm_id: int, now: datetime) -> Iterable[tuple[Known, Change]]:
    with engine.connect() as connection:
        necks = [one for one in calibrations.known(connection, farm_id) if _is_neck(one)]
        recent = _walking(connection, [one for one in necks if _has_anchor(one)], now, RECENT_MS)
        longer = _walking(connection, [one for one in necks if not _has_anchor(one)], now, LOOK_BACK_MS)
    for one in necks:
        walking = (recent if _has_anchor(one) else longer).get(one.collar_id, [])
        change = change_of(one.calibrations, walking, to_ms(now))
        if change is not None:
            yield one, change


def _changes_of_gains(engine: Engine, farm_id: int, now: datetime) -> Iterable[tuple[Known, Change]]:
    with engine.connect() as connection:
        necks = [one for one in calibrations.known(connection, farm_id) if _is_neck(one)]
        walking = _walking(connection, necks, now, RECENT_MS)
        for one in necks:
            still = motion.still_of(connection, one.collar_id, now - timedelta(milliseconds=LOOK_BACK_MS))
            change = gain_change_of(one.calibrations, still, walking.get(one.collar_id, []), to_ms(now))
            if change is not None:
                yield one, change


def _is_neck(one: Known) -> bool:
    return bool(one.calibrations) and one.calibrations[-1].mount in NECKS


def _has_anchor(one: Known) -> bool:
    return "anchor" in one.calibrations[-1].parameters


def _walking(
    connection: Connection, necks: Iterable[Known], now: datetime, span_ms: int
) -> Mapping[int, Sequence[Motion]]:
    ids = [one.collar_id for one in necks]
    return motion.walking_of(connection, ids, now - timedelta(milliseconds=span_ms))


def _apply(
    engine: Engine, settings: Settings, make_decoder: MakeDecoder, changes: Iterable[tuple[Known, Change]]
) -> int:
    """Make changes: what concerns the present at once, what concerns the past when it has been read again."""
    begun: dict[CollarName, int] = {}
    since: list[int] = []
    for one, change in list(changes):
        try:
            generation = _begin(engine, settings, one, change)
        except ConflictError as error:  # of one collar: the others go on
            log.warning("collar.not_recalibrated", collar=str(one.name), error=str(error))
            continue
        if generation is not None:
            begun[one.name] = generation
            since.append(change.since)
        log.info("collar.recalibrated", collar=str(one.name), generation=generation, live=change.live is not None)
    start = min(since, default=SINCE_EVER)
    return republish(engine, settings, make_decoder, begun, None if start == SINCE_EVER else from_ms(start))


def _begin(engine: Engine, settings: Settings, one: Known, change: Change) -> int | None:
    """Write the calibrations of a change in one transaction; return the generation that is to be recomputed.

    Nothing is written where somebody has changed the collar meanwhile: the next look will see that. What is for the
    present takes effect late enough after this transaction, however long ago the change was worked out.
    """
    with engine.begin() as connection:
        farm_id = herd.find_farm(connection, one.name.farm)
        herd.lock_farm(connection, farm_id)
        if one.pending is not None or one not in calibrations.known(connection, farm_id):
            return None
        if change.live is not None:
            effective = max(change.live.effective_from, to_ms(first_effect(connection, settings)))
            if any(later.effective_from <= effective for later in change.later):
                return None
            for made in (change.live._replace(effective_from=effective), *change.later):
                calibrations.append_live(connection, one.collar_id, made)
        if change.history:
            return calibrations.start_history(connection, one.collar_id, change.history)
    return None
