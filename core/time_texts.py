"""How long something lasts and when it was, as people read it: one form, wherever they do."""

from math import floor
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from core.alert_texts import Language

UNITS: Final = {"s": 1, "min": 60, "h": 3600}
"""Seconds of the units in which templates name a length of time, as in `{minutes:min}`."""


def lasting(seconds: float, language: "Language") -> str:
    """Return a length of time: in seconds below 2 minutes, in days from 2 days on, between them in hours and minutes.

    Half of the last unit that is told counts as a whole one. A length is never negative.

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
