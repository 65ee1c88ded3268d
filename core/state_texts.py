"""What is said of animals, to people, in French and in English: their state, what was seen and what is usual."""

from collections.abc import Mapping, Sequence
from typing import Final

from core.alert_texts import KINDS, Language, Text, told

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
    "standing_h": Text("{seen:.1f} h standing", "debout {seen:.1f} h"),
    "lying_bouts": Text("{seen:.0f} lying bouts", "{seen:.0f} couchers"),
    "interruptions": Text("{seen:.0f} brief interruptions", "{seen:.0f} brèves interruptions"),
    "longest_lying_h": Text("longest lying {seen:.1f} h", "coucher le plus long {seen:.1f} h"),
}
"""By name, in the order in which they are told; of 24 hours."""

_USUAL: Final = Text("usually {low:.{digits}f} to {high:.{digits}f}", "d'habitude {low:.{digits}f} à {high:.{digits}f}")
_SINCE: Final = Text("since {at}", "depuis le {at}")
_ALERTS: Final = Text("alerts: {kinds}", "alertes : {kinds}")


def measure_told(name: str, language: Language, seen: float | None, low: float | None, high: float | None) -> str:
    """Return what was seen by a measure and, where it is known, what is usual; empty if nothing was seen.

    >>> measure_told("standing_h", "fr", 8.04, 9.2, 13.0)
    "debout 8,0 h (d'habitude 9,2 à 13,0)"
    """
    if seen is None:
        return ""
    said = told(MEASURES[name], language, {"seen": seen})
    if low is not None and high is not None:
        digits = 1 if name.endswith("_h") else 0
        said += f" ({told(_USUAL, language, {'low': low, 'high': high, 'digits': digits})})"
    return said.replace(".", ",") if language == "fr" else said


def since_told(state: str, at: str, language: Language) -> str:
    """Return a state, and since when it is told: a time as it is to be read."""
    return f"{told(STATES[state], language, {})} {told(_SINCE, language, {'at': at})}"


def alerts_told(kinds: Sequence[str], language: Language) -> str:
    """Return which alerts about an animal go on; empty if none does."""
    names = ", ".join(told(KINDS[kind], language, {}) for kind in kinds)
    return told(_ALERTS, language, {"kinds": names}) if names else ""
