"""What is said of animals, to people, in French and in English: their state, what was seen and what is usual."""

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Final

from core.alert_texts import KINDS, Language, Text, told
from core.time_texts import TIMES, UNITS, lasting, moment

STATES: Final[Mapping[str, Text]] = {
    "look_now": Text("go and see", "à aller voir"),
    "watch": Text("watch", "à surveiller"),
    "improving": Text("improving", "en amélioration"),
    "none": Text("nothing to say", "rien à dire"),
    "normal": Text("normal", "normal"),
}

REASONS: Final[Mapping[str, Text]] = {
    "not enough days": Text(
        "its habit is known of {days} days, {least} are needed",
        "habitudes connues sur {days} jours, il en faut {least}",
    ),
    "not enough heard": Text("too little was heard of it", "trop peu de données reçues"),
}

MEASURES: Final[Mapping[str, Text]] = {
    "standing_h": Text("{seen} standing", "debout {seen}"),
    "lying_bouts": Text("{seen} lying bouts", "{seen} couchers"),
    "interruptions": Text("{seen} brief interruptions", "{seen} brèves interruptions"),
    "longest_lying_h": Text("longest lying {seen}", "coucher le plus long {seen}"),
}
"""By name, in the order in which they are told; of 24 hours."""

_USUAL: Final = Text("usually {low} to {high}", "d'habitude {low} à {high}")
_FOUND: Final = frozenset({"look_now", "watch", "improving"})
"""States that were found in an animal; the others go on since an instant."""

_ALERTS: Final = Text("alerts: {kinds}", "alertes : {kinds}")


def measure_told(name: str, language: Language, seen: float | None, low: float | None, high: float | None) -> str:
    """Return what was seen by a measure and, where it is known, what is usual; empty if nothing was seen.

    >>> measure_told("standing_h", "fr", 8.04, 9.2, 13.0)
    "debout 8 h 02 (d'habitude 9 h 12 à 13 h)"
    """
    if seen is None:
        return ""

    def one(value: float) -> str:
        return lasting(value * UNITS["h"], language) if name.endswith("_h") else f"{value:.0f}"

    said = told(MEASURES[name], language, {"seen": one(seen)})
    if low is None or high is None:
        return said
    return f"{said} ({told(_USUAL, language, {'low': one(low), 'high': one(high)})})"


def state_told(state: str, since: datetime, zone: tzinfo, language: Language) -> str:
    """Return a state, and when it was found, or since when there is nothing to find."""
    word = TIMES[language][state in _FOUND]
    return f"{told(STATES[state], language, {})}, {word} {moment(since, zone, language)}"


def alerts_told(kinds: Sequence[str], language: Language) -> str:
    """Return which alerts about an animal go on; empty if none does."""
    names = ", ".join(told(KINDS[kind], language, {}) for kind in kinds)
    return told(_ALERTS, language, {"kinds": names}) if names else ""
