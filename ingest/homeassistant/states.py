"""The states of devices, as the templates of `ingest.homeassistant.descriptions` take them apart."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from core.alert_texts import Language, evidence_told
from core.time_texts import times_told
from core.timeline import BUCKET
from storage.alerting.going_on import GoingOn
from storage.forecasting.groups_now import GroupNow

MOST_TOLD: Final = 20
"""Alerts that are told one by one: Home Assistant records no attributes beyond 16 KiB."""

State = Mapping[str, Any]

_OF_COLLARS: Final = frozenset({"collar_silent", "battery", "clock"})


def state_of_group(group: GroupNow, alerts: Sequence[GoingOn], zone: ZoneInfo, language: Language) -> State:
    """Return the state of a group; `alerts` are those about it and about its animals, urgent ones first."""
    off = None if group.ratio is None or group.mean is None else group.ratio - group.mean
    window = {"window_start": _at(group.window, zone), "window_end": _at(group.window + BUCKET, zone)}
    expected = {**window, "expected": _percent(group.mean)}
    return {
        "ratio": _percent(group.ratio),
        "low": _percent(group.low),
        "high": _percent(group.high),
        "deviation": _percent(off),
        "problem": _on(alerts),
        "attributes": {
            "ratio": {"animals_known": group.known, "animals": group.animals, **window},
            "low": expected,
            "high": expected,
            "deviation": expected,
            "problem": _told(alerts, zone, language),
        },
    }


def state_of_farm(alerts: Sequence[GoingOn], zone: ZoneInfo, language: Language) -> State:
    """Return the state of a farm; `alerts` are all that go on, urgent ones first."""
    of_collars = [one for one in alerts if one.about == "collar" or one.kind in _OF_COLLARS]
    silent, battery = ([one for one in of_collars if one.kind == kind] for kind in ("collar_silent", "battery"))
    return {
        "alerts": len(alerts),
        "silent": _collars(silent),
        "battery": _collars(battery),
        "collars": _on(of_collars),
        "attributes": {
            "alerts": _told(alerts, zone, language),
            "silent": {"collars": _names(silent)},
            "battery": {"collars": _names(battery)},
            "collars": _told(of_collars, zone, language),
        },
    }


def _told(alerts: Sequence[GoingOn], zone: ZoneInfo, language: Language) -> State:
    """Return attributes: the first alert by itself, for a notification, and as many as can be told."""
    told = [
        {
            "text": f"{one.name}{' : ' if language == 'fr' else ': '}"
            + evidence_told(one.kind, one.evidence, one.expected, language),
            "since": _at(one.since, zone),
            "when": times_told(one.since, one.opened_at, None, zone, language),
            "kind": one.kind,
            "about": one.about,
            "name": one.name,
            "severity": one.severity,
            "state": one.state,
        }
        for one in alerts[:MOST_TOLD]
    ]
    first = told[0] if told else {"text": "", "when": "", "since": None}
    return {"count": len(alerts), **{name: first[name] for name in ("text", "when", "since")}, "alerts": told}


def _collars(alerts: Iterable[GoingOn]) -> int:
    """Return how many collars alerts are about: one about the farm says it itself."""
    return sum(1 if one.about == "collar" else int(one.evidence.get("collars", 0)) for one in alerts)


def _names(alerts: Iterable[GoingOn]) -> list[str]:
    return sorted(one.name for one in alerts if one.about == "collar")[:MOST_TOLD]


def _on(alerts: Sequence[GoingOn]) -> str:
    return "ON" if alerts else "OFF"


def _percent(share: float | None) -> float | None:
    return None if share is None else round(100 * share, 1) + 0.0  # no -0.0


def _at(instant: datetime, zone: ZoneInfo) -> str:
    return instant.astimezone(zone).isoformat(timespec="seconds")
