"""Alerts about collars: one that has fallen silent, a farm whose collars have, a battery that runs down."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

from storage.alerting.findings import Subject
from storage.animals import watching_animals as watched
from storage.animals.watching_animals import Heard, Raised, WornCollar
from storage.evidence import batteries
from stream.behaviour.draining import LASTING_DAYS, LEARNED_DAYS, SOON_DAYS, Drain, drain_of
from stream.behaviour.silence import (
    BEFORE,
    LEARNED_FROM,
    LONGEST,
    is_widespread,
    limit_of,
    outage_since,
    silence_at,
)
from stream.behaviour.standing_alerts import Cause, Look

SILENT: Final = "collar_silent"
BATTERY: Final = "battery"

RECOVERED_V: Final = 0.1
"""Volts above the limit from which a battery counts as charged or changed: more than cold or a transmission take."""

_STALE: Final = timedelta(days=2)
"""What a collar said of its battery earlier says nothing of now."""


class _Quiet(NamedTuple):
    """A collar that is not heard now, since when, and after which silence it is called silent."""

    collar: WornCollar
    since: datetime
    limit: timedelta

    def is_silent(self, now: datetime, awake_since: datetime | None) -> bool:
        counted = self.since if awake_since is None else max(self.since, awake_since)
        return now - counted > self.limit


def watch_silence(look: Look, worn: Sequence[WornCollar], *, least: timedelta, awake_since: datetime | None) -> None:
    """Raise, amend and end the alerts about collars that are not heard.

    Collars that were never heard, and those that nobody wears, are none of its business.

    Args:
        look: At the farm.
        worn: Its collars that are worn.
        least: Shorter silences are none.
        awake_since: When this node began to listen, if it slept before: until then nobody could be heard.
    """
    collars = [collar for collar in worn if collar.heard_until is not None]
    quiet = _quiet(look, collars, least)
    silent = {one.collar.id: one for one in quiet if one.is_silent(look.slot, awake_since)}
    outage = _watch_outage(look, collars, quiet, silent)
    alone = {key: one for key, one in silent.items() if outage is None or one.since < outage - BEFORE}
    by_collar = {collar.id: collar for collar in worn}
    kept = [one for one in look.of(SILENT) if one.ended_by in {"", "heard"}]
    heard = _heard_around(look, kept)
    for alert in kept:
        collar_id = alert.collar_id or 0
        if _goes_on(look, alert, by_collar.get(collar_id), heard.get(collar_id, ())):
            alone.pop(collar_id, None)
            if outage is not None and alert.since >= outage - BEFORE:
                look.end(alert, "farm_wide")
    for one in alone.values():
        _open(look, one)


def _quiet(look: Look, collars: Sequence[WornCollar], least: timedelta) -> list[_Quiet]:
    """Return the collars that have not been heard for half of what would make them silent."""
    since = {collar.id: _since(collar) for collar in collars}
    few = [one for one in collars if 2 * (look.slot - since[one.id]) > least]
    ids = [one.id for one in few]
    usual = watched.pauses(look.connection, look.farm_id, ids, look.slot - LEARNED_FROM, look.slot) if few else {}
    found = [_Quiet(one, since[one.id], limit_of(usual.get(one.id, ()), least)) for one in few]
    return [one for one in found if 2 * (look.slot - one.since) > one.limit]


def _since(collar: WornCollar) -> datetime:
    return max(one for one in (collar.heard_until, collar.worn_since) if one is not None)


def _watch_outage(
    look: Look, collars: Sequence[WornCollar], quiet: Sequence[_Quiet], silent: Mapping[int, _Quiet]
) -> datetime | None:
    """Look after the alert about the farm; return since when its collars are silent, `None` if they are not.

    Collars that were gone for a day before it have no say.
    """
    alert = look.of_farm(SILENT)
    before = (look.slot if alert is None else alert.since) - LONGEST
    concerned = {collar.id: collar for collar in collars if _since(collar) > before}
    sinces = [one.since for one in quiet if one.collar.id in concerned]
    goes_on = is_widespread(len(sinces), len(concerned), already=alert is not None)
    if alert is None:
        if not goes_on or not concerned.keys() & silent.keys():
            return None
        since = outage_since(sinces, len(concerned))
        _open_outage(look, since, len(sinces), len(concerned))
        return since
    if goes_on:
        return alert.since
    _end_outage(look, alert, list(concerned.values()))
    return None


def _open_outage(look: Look, since: datetime, silent: int, of: int) -> None:
    look.open(
        SILENT,
        Subject(),
        since=since,
        severity="critical",
        evidence={"code": "farm_silent", "collars": silent, "of": of},
        expected={},
        causes=[{"code": "gateway_or_node"}],
    )


def _end_outage(look: Look, alert: Raised, collars: Sequence[WornCollar]) -> None:
    """End the alert about the farm: undone, if what came late says that most were heard when it was raised."""
    heard = watched.heard_between(look.connection, [one.id for one in collars], alert.since - LONGEST, look.slot)
    then = [silence_at(heard.get(one.id, ()), alert.opened_at, one.worn_since) for one in collars]
    silent = [one for one in then if one is not None]
    if is_widespread(len(silent), len(collars), already=True):
        ends = sorted(one.until or look.slot for one in silent)
        look.end(alert, "heard", ends[len(ends) // 2])
    else:
        look.end(alert, "undone")


def _heard_around(look: Look, kept: Sequence[Raised]) -> Mapping[int, Sequence[Heard]]:
    ids = [one.collar_id for one in kept if one.collar_id is not None]
    if not ids:
        return {}
    start = min(one.since for one in kept) - LONGEST
    return watched.heard_between(look.connection, ids, start, look.slot + BEFORE)


def _goes_on(look: Look, alert: Raised, collar: WornCollar | None, heard: Sequence[Heard]) -> bool:
    """Bring an alert up to what was heard and who wore the collar; tell whether it stands for the present silence."""
    limit = timedelta(seconds=alert.expected["limit_s"])
    wearing = watched.wearing_at(look.connection, alert.collar_id or 0, alert.opened_at)
    last = [] if collar is None or collar.heard_until is None else [Heard(collar.heard_until, collar.heard_until)]
    silence = None if wearing is None else silence_at([*heard, *last], alert.opened_at, wearing.since)
    if silence is None or alert.opened_at - silence.since <= limit:
        look.end(alert, "undone", alert.until)
    elif silence.until is not None:
        look.revise(alert, since=silence.since, until=silence.until, ended_by="heard")
    elif collar is None:
        look.end(alert, "not_worn", alert.until)
    elif alert.until is None:
        look.revise(alert, since=silence.since)
        return True
    return False


def _open(look: Look, one: _Quiet) -> None:
    look.open(
        SILENT,
        Subject(collar_id=one.collar.id),
        since=one.since,
        severity="warning",
        evidence={"code": "silent", "minutes": round((look.slot - one.since) / timedelta(minutes=1))},
        expected={"limit_s": one.limit.total_seconds(), "limit_minutes": round(one.limit / timedelta(minutes=1))},
        causes=_causes(one),
    )


def _causes(one: _Quiet) -> list[Cause]:
    collar = one.collar
    if collar.status_at is not None and collar.status_at > one.since + one.limit / 2:
        return [{"code": "still_connected"}]
    return [{"code": "out_of_reach"}, {"code": "battery_empty"}]


def watch_batteries(look: Look, worn: Sequence[WornCollar], *, low_v: float) -> None:
    """Raise, amend and end the alerts about batteries, by what collars that are worn say of them.

    Args:
        look: At the farm.
        worn: Its collars that are worn.
        low_v: Volts below which a battery is low; it is not again before it has `RECOVERED_V` more.
    """
    kept = {one.collar_id: one for one in look.of(BATTERY) if one.until is None}
    by_collar = {collar.id: collar for collar in worn}
    told = [one for one in worn if one.battery_v is not None and one.battery_at is not None]
    today = look.slot.astimezone(UTC).date()
    first = today - timedelta(days=LEARNED_DAYS - 1)
    days = batteries.days_of(look.connection, [one.id for one in told], first, today) if told and low_v else {}
    for collar in told:
        state = _Battery(collar, low_v, drain_of(days.get(collar.id, ()), low_v))
        if (alert := kept.get(collar.id)) is None:
            _open_battery(look, state)
        else:
            _bring_up_battery(look, alert, state)
    for collar_id, alert in kept.items():
        if collar_id not in by_collar:
            look.end(alert, "not_worn")


class _Battery(NamedTuple):
    """What is known of the battery of a collar: its volts in `collar`, and how it falls, if it does."""

    collar: WornCollar
    low_v: float
    drain: Drain | None

    @property
    def volts(self) -> float:
        return self.collar.battery_v or 0.0

    def lasts(self, days: int) -> bool:
        return self.drain is None or self.drain.days_left >= days

    def evidence(self) -> dict[str, Any]:
        told = {"code": "battery_low", "millivolts": round(1000 * self.volts)}
        if self.volts < self.low_v or self.drain is None:
            return told
        falls = {"millivolts_a_day": round(1000 * self.drain.volts_a_day), "day": str(self.drain.low_on)}
        return {**told, "code": "battery_falls", **falls}


def _open_battery(look: Look, state: _Battery) -> None:
    said_at = state.collar.battery_at or look.slot
    if look.slot - said_at >= _STALE or (state.volts >= state.low_v and state.lasts(SOON_DAYS)):
        return
    look.open(
        BATTERY,
        Subject(collar_id=state.collar.id),
        since=min(said_at, look.slot),
        severity="info",
        evidence=state.evidence(),
        expected={"low_millivolts": round(1000 * state.low_v)},
    )


def _bring_up_battery(look: Look, alert: Raised, state: _Battery) -> None:
    """End an alert about a battery that has clearly more, or lasts; say of one that fell that it is low now."""
    falls = alert.evidence["code"] == "battery_falls"
    level = alert.evidence["millivolts"] / 1000 if falls else state.low_v
    said_at = max(state.collar.battery_at or look.slot, alert.since)
    if state.volts >= level + RECOVERED_V:
        look.end(alert, "charged", said_at)
    elif falls and state.volts < state.low_v:
        look.revise(alert, evidence=state.evidence())
    elif falls and state.lasts(LASTING_DAYS):
        look.end(alert, "lasts", said_at)
