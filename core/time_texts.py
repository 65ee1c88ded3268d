"""How long something lasts and when it was, as people read it: one form, wherever they do."""

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from math import floor
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from core.alert_texts import Language

UNITS: Final = {"s": 1, "min": 60, "h": 3600}
"""Seconds of the units in which templates name a length of time, as in `{minutes:min}`."""

WEEKDAYS: Final[Mapping["Language", Sequence[str]]] = {
    "fr": ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
MONTHS: Final[Mapping["Language", Sequence[str]]] = {
    "fr": (
        *("janvier", "février", "mars", "avril", "mai", "juin"),
        *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
    ),
    "en": (
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
}
TIMES: Final[Mapping["Language", Sequence[str]]] = {
    "fr": ("depuis", "constaté", "terminé"),
    "en": ("since", "found", "over"),
}
"""What stands before the three instants of an alert: its beginning, when it was found, its end."""


def lasting(seconds: float, language: "Language") -> str:
    """Return a length of time: in seconds below 2 minutes, in days from 2 days on, between them in hours and minutes.

    Half of a unit counts as a whole one: of a second, then of a minute of these, then of a day of such minutes. A
    length is never negative.

    >>> lasting(275 * 60, "fr"), lasting(275 * 60, "en")
    ('4 h 35', '4 h 35 min')
    """
    whole = floor(seconds + 0.5)
    if 0 < whole < 2 * UNITS["min"]:
        return f"{whole} s"
    minutes = (whole + 30) // 60
    if minutes < 60:
        return f"{minutes} min"
    if minutes >= 2 * 1440:
        return f"{(minutes + 720) // 1440} {'jours' if language == 'fr' else 'days'}"
    hours, rest = divmod(minutes, 60)
    if not rest:
        return f"{hours} h"
    return f"{hours} h {rest:02}" if language == "fr" else f"{hours} h {rest} min"


def clock_time(instant: datetime, zone: tzinfo) -> str:
    """Return what a wall clock shows; in the hour that it shows twice, with the zone's name for the pass."""
    local = instant.astimezone(zone)
    is_shown_twice = local.utcoffset() != local.replace(fold=1 - local.fold).utcoffset()
    return f"{local:%H:%M}" + (f" {local:%Z}" if is_shown_twice else "")


def moment(instant: datetime, zone: tzinfo, language: "Language") -> str:
    """Return the day and the time of an instant on a wall clock.

    >>> from datetime import UTC
    >>> moment(datetime(2026, 5, 3, 14, tzinfo=UTC), UTC, "fr"), moment(datetime(2026, 5, 3, 14, tzinfo=UTC), UTC, "en")
    ('dimanche 3 mai 14:00', 'Sunday 3 May 14:00')
    """
    local = instant.astimezone(zone)
    day = f"{WEEKDAYS[language][local.weekday()]} {local.day} {MONTHS[language][local.month - 1]}"
    return f"{day} {clock_time(instant, zone)}"


def times_told(since: datetime, found: datetime, until: datetime | None, zone: tzinfo, language: "Language") -> str:
    """Return since when something has been so, when it was found if that was later, and when it was over if it is.

    >>> from datetime import UTC
    >>> times_told(datetime(2026, 5, 3, 14, tzinfo=UTC), datetime(2026, 5, 4, 13, 45, tzinfo=UTC), None, UTC, "en")
    'since Sunday 3 May 14:00, found Monday 4 May 13:45'
    """
    begun, noticed = moment(since, zone, language), moment(found, zone, language)
    told = (begun, "" if noticed == begun else noticed, "" if until is None else moment(until, zone, language))
    return ", ".join(f"{word} {at}" for word, at in zip(TIMES[language], told, strict=True) if at)
