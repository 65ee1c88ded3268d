"""How all panels look: colours that colour-blind eyes tell apart, gaps as gaps, the units of the farm."""

from typing import Any, Final

from core.alert_texts import Language, Text
from dashboards.said import COLUMNS, VALUES

Json = dict[str, Any]

BLUE: Final = "#0072B2"
SKY: Final = "#56B4E9"
GREEN: Final = "#009E73"
ORANGE: Final = "#E69F00"
VERMILLION: Final = "#D55E00"
PURPLE: Final = "#CC79A7"
YELLOW: Final = "#F0E442"
GREY: Final = "#999999"
"""Okabe and Ito's palette, which people with any kind of colour blindness tell apart (jfly.uni-koeln.de/color)."""

COLOURS: Final = {
    "standing": BLUE,
    "lying": ORANGE,
    "unknown": GREY,
    "no_data": "transparent",
    "look_now": VERMILLION,
    "watch": ORANGE,
    "improving": SKY,
    "normal": GREEN,
    "none": GREY,
    "critical": VERMILLION,
    "warning": ORANGE,
    "info": SKY,
}
"""Of values that panels show by words."""

SHARE: Final[Json] = {"unit": "percentunit", "min": 0, "max": 1}
HOURS: Final[Json] = {"unit": "h", "decimals": 1}
SECONDS: Final[Json] = {"unit": "s"}
VOLTS: Final[Json] = {"unit": "volt", "decimals": 2}
TIME: Final[Json] = {"unit": "dateTimeAsLocal"}
WRAPPED: Final[Json] = {"type": "auto", "wrapText": True}
"""A cell that is as high as its text needs."""


def said(text: Text, language: Language) -> str:
    """Return a text in a language."""
    return text.fr if language == "fr" else text.en


def steps(*above: tuple[float, str], below: str = GREEN) -> Json:
    """Return thresholds: a colour from each value on, and one below them all."""
    base: list[Json] = [{"value": None, "color": below}]
    return {"mode": "absolute", "steps": base + [{"value": value, "color": colour} for value, colour in above]}


def words(language: Language, *values: str) -> list[Json]:
    """Return the mapping of values to words, with their colours."""
    shown = {
        value: {"text": said(VALUES[value], language), "index": at}
        | ({"color": COLOURS[value]} if value in COLOURS else {})
        for at, value in enumerate(values)
    }
    return [{"type": "value", "options": shown}]


def column(language: Language, name: str, **properties: Any) -> Json:
    """Return how a column is shown: by its name in a language, and what else is told of it.

    Properties are those of Grafana's field configuration, a dot written as two underscores.
    """
    told = {"displayName": said(COLUMNS[name], language)} | {
        key.replace("__", "."): value for key, value in properties.items()
    }
    return {
        "matcher": {"id": "byName", "options": name},
        "properties": [{"id": key, "value": value} for key, value in told.items()],
    }


def colour(of: str) -> Json:
    """Return a fixed colour."""
    return {"mode": "fixed", "fixedColor": of}


LINE: Final[Json] = {
    "drawStyle": "line",
    "lineInterpolation": "linear",
    "lineWidth": 2,
    "fillOpacity": 0,
    "showPoints": "never",
    "spanNulls": False,
}
"""A line that breaks where nothing is known: rows with null, never joined."""
