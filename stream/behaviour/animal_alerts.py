"""Alerts about animals: too little is known of one, it lies for too long, it does not move at all."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from core.timeline import EPOCH
from storage.alerting.findings import Subject
from storage.animals import watching_animals as watched
from storage.animals.watching_animals import Raised, Seen, WornCollar
from stream.behaviour.bouts import SHORTEST_LYING_S, bouts_of
from stream.behaviour.hearing import heard_between
from stream.behaviour.silence import is_widespread
from stream.behaviour.standing_alerts import Cause, Look
from stream.behaviour.stillness import (
    MOTIONLESS_S,
    MOVES,
    SPECIES_STILL_S,
    Run,
    end_of,
    is_still,
    lasts,
    lying_limit_s,
    run_at,
    runs_of,
)

COVERAGE: Final = "coverage"
MOTIONLESS: Final = "motionless"
LYING_LONG: Final = "lying_long"

DAY: Final = timedelta(days=1)
"""What coverage is told of: the animal's rhythm is that of a day."""

LATELY: Final = timedelta(hours=3)
"""Who kept one posture so long is looked at more closely; less than any limit."""

REGAINED: Final = 0.1
"""Share of the day above the limit from which coverage is enough again."""

LEAST_WORN_S: Final = 12 * 3600
"""Of a day, before its coverage says anything."""

LEAST_RECEIVED_S: Final = 2 * 3600
"""Of a day: with less, messages do not come, and that is said of the collar."""

_HOUR: Final = timedelta(hours=1)

HABIT: Final = timedelta(days=28)
_BEFORE: Final = timedelta(hours=36)
"""What is read before an instant, to know since when a posture was kept."""

_ONE_POSTURE: Final = 0.02
"""Share of the time that may be the other posture: flicks that the reading of bouts takes out."""


def watch_coverage(look: Look, worn: Sequence[WornCollar], seen: Sequence[Seen], *, least: float) -> None:
    """Raise and end the alerts about animals of which messages come and little is known.

    Args:
        look: At the farm.
        worn: Its collars that are worn.
        seen: Its animals in the last day.
        least: Share of the time worn that is to be known.
    """
    by_animal = {one.animal_id: one for one in seen}
    collars = {collar.animal_id: collar for collar in worn}
    kept = {one.animal_id: one for one in look.of(COVERAGE) if one.until is None}
    silenced = {one.collar_id for one in look.kept if one.kind == "collar_silent"}
    dark = {
        animal_id: one
        for animal_id, one in by_animal.items()
        if animal_id in collars
        and (animal_id in kept or not {None, collars[animal_id].id} & silenced)
        and _is_dark(one, least + REGAINED * (animal_id in kept), already=animal_id in kept)
    }
    wide = _watch_farm_coverage(look, collars, by_animal, dark)
    for animal_id, alert in kept.items():
        if animal_id not in dark:
            look.end(alert, _why_over(look, alert, collars, least))
        elif wide:
            look.end(alert, "farm_wide")
    for animal_id, one in dark.items():
        if animal_id not in kept and not wide:
            _open_coverage(look, one, collars[animal_id], least)


def _is_dark(one: Seen, least: float, *, already: bool) -> bool:
    """Tell whether too little is known of an animal although messages come."""
    enough = already or (one.worn_s >= LEAST_WORN_S and one.lately_received_s > 0)
    return enough and one.received_s >= LEAST_RECEIVED_S and one.known_s < least * one.worn_s


def _why_over(look: Look, alert: Raised, collars: Mapping[int, WornCollar], least: float) -> str:
    """Return why coverage is no matter any longer: no collar, what came late, or what came since."""
    if alert.animal_id not in collars:
        return "not_worn"
    then = watched.animals_seen(
        look.connection, look.farm_id, alert.opened_at - DAY, alert.opened_at, lately=alert.opened_at - LATELY
    )
    was_dark = any(one.animal_id == alert.animal_id and _is_dark(one, least, already=True) for one in then)
    return "covered" if was_dark else "undone"


def _watch_farm_coverage(
    look: Look, collars: Mapping[int, WornCollar], seen: Mapping[int, Seen], dark: Mapping[int, Seen]
) -> bool:
    """Look after the alert about the farm; tell whether it stands for its animals."""
    alert = look.of_farm(COVERAGE)
    of = len(collars.keys() & seen.keys())
    if is_widespread(len(dark), of, already=alert is not None):
        if alert is None:
            reasons = Counter(_reason(one, collars[animal_id]) for animal_id, one in dark.items())
            look.open(
                COVERAGE,
                Subject(),
                since=look.slot - DAY,
                severity="info",
                evidence={"code": "farm_dark", "animals": len(dark), "of": of},
                expected={},
                causes=[{"code": reason} for reason, _ in reasons.most_common()],
            )
        return True
    if alert is not None:
        look.end(alert, "covered")
    return False


def _open_coverage(look: Look, one: Seen, collar: WornCollar, least: float) -> None:
    look.open(
        COVERAGE,
        Subject(animal_id=one.animal_id),
        since=look.slot - DAY,
        severity="info",
        evidence={
            "code": "dark",
            "known": round(one.known_s / one.worn_s, 3),
            "received": round(one.received_s / one.worn_s, 3),
        },
        expected={"least": least},
        causes=[{"code": _reason(one, collar)}],
    )


def _reason(one: Seen, collar: WornCollar) -> str:
    """Return why little is known of an animal."""
    if collar.mount == "unknown":
        return "mount_unknown"
    if collar.turned:
        return "collar_turned"
    return "messages_lost" if 2 * one.received_s < one.worn_s else "thin_evidence"


def watch_movement(look: Look, worn: Sequence[WornCollar], species: str) -> None:
    """Raise and end the alerts about animals whose collar does not move at all, as only one on the ground does not."""
    limit_s = SPECIES_STILL_S[species]
    start = look.slot - timedelta(seconds=limit_s)
    kept = {one.animal_id: one for one in look.of(MOTIONLESS) if one.until is None}
    collars = {collar.id: collar for collar in worn}
    moved = watched.motions_between(look.connection, list(collars), start, look.slot)
    for collar_id, told in moved.items():
        animal_id, since = collars[collar_id].animal_id, collars[collar_id].worn_since
        if since is not None and since > start:  # it may have lain about before it was put on
            continue
        if animal_id not in kept and is_still(told.stretches, told.still, limit_s):
            look.open(
                MOTIONLESS,
                Subject(animal_id=animal_id),
                since=start,
                severity="critical",
                evidence={"code": "still", "hours": limit_s // 3600, "collar_id": collar_id},
                expected={"limit_s": limit_s},
                causes=[{"code": "collar_fallen"}, {"code": "animal_dead"}],
            )
    for alert in kept.values():
        if alert.evidence["code"] == "still" and (why := _why_moves(look, alert, collars)):
            look.end(alert, why)


def _why_moves(look: Look, alert: Raised, worn: Mapping[int, WornCollar]) -> str:
    """Return why it is over that a collar does not move; empty while it goes on, also while nothing is heard."""
    collar_id = alert.evidence["collar_id"]
    if collar_id not in worn or worn[collar_id].animal_id != alert.animal_id:
        return "not_worn"
    lately = watched.motions_between(look.connection, [collar_id], look.slot - _HOUR, look.slot).get(collar_id)
    limit_s = alert.expected["limit_s"]
    start = alert.opened_at - timedelta(seconds=limit_s)
    then = watched.motions_between(look.connection, [collar_id], start, alert.opened_at)
    if collar_id not in then or not is_still(*then[collar_id], limit_s):
        return "undone"
    return "moves" if lately is not None and not is_still(*lately, 0, MOVES) else ""


class _Posture(NamedTuple):
    """How an animal has spent the last time, and for how long it may lie."""

    animal_id: int
    runs: Sequence[Run]
    limit_s: float


def watch_postures(look: Look, worn: Sequence[WornCollar], seen: Sequence[Seen], species: str) -> None:
    """Raise, amend and end the alerts about animals that lie for too long or keep one posture beyond any animal's."""
    kept = [one for one in look.kept if one.kind in {MOTIONLESS, LYING_LONG} and one.until is None]
    still = {one.animal_id for one in kept if one.evidence["code"] == "still"}
    other = {one.animal_id for one in kept if one.evidence["code"] == "stands_little"}
    kept = [one for one in kept if "limit_s" in one.expected and one.evidence["code"] != "still"]
    wearers = {collar.animal_id for collar in worn}
    concerned = {one.animal_id for one in seen if _has_one_posture(one)} & wearers - still | {
        one.animal_id for one in kept
    }
    ids = sorted(one for one in concerned if one is not None)
    if not ids:
        return
    start = min([look.slot, *(one.opened_at for one in kept)]) - _BEFORE
    postures = _postures(look, ids, start, species)
    for alert in kept:
        if alert.animal_id in wearers:
            _bring_up(look, alert, postures[alert.animal_id])
        else:
            look.end(alert, "not_worn")
    for posture in postures.values():
        mine = {one.kind: one for one in kept if one.animal_id == posture.animal_id}
        _raise(look, posture, mine, already=posture.animal_id in other)


def _has_one_posture(one: Seen) -> bool:
    return one.lately_known_s > 0 and not (_ONE_POSTURE < one.lately_standing_s / one.lately_known_s < 1 - _ONE_POSTURE)


def _postures(look: Look, ids: Sequence[int], start: datetime, species: str) -> dict[int, _Posture]:
    longest = watched.longest_lying(look.connection, ids, look.slot - HABIT - _BEFORE, look.slot - _BEFORE)
    shortest = SHORTEST_LYING_S[species]
    found = {one: _Posture(one, (), 0.0) for one in ids}
    for animal_id, heard in heard_between(look.connection, ids, _second(start), _second(look.slot)):
        bouts, _ = bouts_of(heard.seconds, heard.summed, first=heard.first, shortest_lying_s=shortest)
        own = longest.get(animal_id, (0, 0))
        found[animal_id] = _Posture(animal_id, runs_of(bouts.each()), lying_limit_s(species, *own))
    return found


def _raise(look: Look, posture: _Posture, kept: Mapping[str, Raised], *, already: bool) -> None:
    """Raise what a posture calls for; `already` says that it lies too long by its habit."""
    now = _second(look.slot)
    run = run_at(posture.runs, now)
    if run is None or MOTIONLESS in kept:
        return
    since = _instant(run.since)
    about = Subject(animal_id=posture.animal_id)
    if lasts(run, now, MOTIONLESS_S):
        look.open(
            MOTIONLESS,
            about,
            since=since,
            severity="critical",
            evidence={"code": "unmoved_lying" if run.lying else "unmoved_standing", "hours": run.length_s // 3600},
            expected={"limit_s": MOTIONLESS_S},
            causes=_why_unmoved(lying=run.lying),
        )
        if LYING_LONG in kept:
            look.end(kept[LYING_LONG], "motionless")
    elif run.lying and not already and LYING_LONG not in kept and lasts(run, now, posture.limit_s):
        expected = {"limit_s": posture.limit_s, "limit_minutes": round(posture.limit_s / 60)}
        evidence = {"code": "lying_long", "minutes": round(run.length_s / 60)}
        look.open(LYING_LONG, about, since=since, severity="warning", evidence=evidence, expected=expected)


def _why_unmoved(*, lying: bool) -> list[Cause]:
    """An animal that is down lies; a tag on the ground reads as either."""
    fallen = {"code": "collar_fallen"}
    return [{"code": "animal_down"}, fallen] if lying else [fallen]


def _bring_up(look: Look, alert: Raised, posture: _Posture) -> None:
    """Amend an alert, or end it: undone if by the present data it would not have been raised."""
    opened = _second(alert.opened_at)
    run = run_at(posture.runs, opened)
    if run is None or not lasts(run, opened, alert.expected["limit_s"]) or not _is_of(alert, run):
        look.end(alert, "undone")
        return
    ended_by = end_of(posture.runs, run)
    if not ended_by and look.slot - _instant(run.until) > DAY:
        ended_by = "no_data"
    if ended_by:
        look.end(alert, ended_by, _instant(run.until))


def _is_of(alert: Raised, run: Run) -> bool:
    return run.lying or alert.kind == MOTIONLESS


def _second(instant: datetime) -> int:
    return int((instant - EPOCH).total_seconds())


def _instant(second: int) -> datetime:
    return EPOCH + timedelta(seconds=second)
