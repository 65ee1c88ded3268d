"""Charts of series: lines that break where nothing is known, bands, the farm's clock, colours that all tell apart."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import altair as alt
import streamlit as st

from dashboards.console.said import language, say
from dashboards.style import BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILLION

__all__ = ["BLUE", "GREEN", "GREY", "ORANGE", "PURPLE", "SKY", "VERMILLION", "Band", "Line", "bars", "draw"]

Points = Sequence[tuple[datetime, float | None]]

_HEIGHT: Final = 320
_GAP: Final = 1.5
_FRENCH: Final = {
    "number": {"decimal": ",", "thousands": "\u202f", "grouping": [3], "currency": ["", " €"], "percent": "\u202f%"},
    "time": {
        "dateTime": "%A %e %B %Y à %X",
        "date": "%d/%m/%Y",
        "time": "%H:%M:%S",
        "periods": ["", ""],
        "days": ["dimanche", "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi"],
        "shortDays": ["dim.", "lun.", "mar.", "mer.", "jeu.", "ven.", "sam."],
        "months": [
            *("janvier", "février", "mars", "avril", "mai", "juin"),
            *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
        ],
        "shortMonths": [
            *("janv.", "févr.", "mars", "avr.", "mai", "juin"),
            *("juil.", "août", "sept.", "oct.", "nov.", "déc."),
        ],
    },
}


class Line(NamedTuple):
    """A line of a chart."""

    label: str
    points: Points
    colour: str
    dashed: bool = False


class Band(NamedTuple):
    """What lies between two lines: `(at, lower, upper)`."""

    label: str
    edges: Sequence[tuple[datetime, float, float]]
    colour: str = SKY


def draw(lines: Sequence[Line], bands: Sequence[Band], *, zone: ZoneInfo, step: timedelta, caption: str) -> None:
    """Draw ratios over time on a farm's wall clock.

    Args:
        lines: In the order of the legend; the last is on top.
        bands: Behind them, the widest first.
        zone: Of the farm.
        step: Of the series: where more than it lies between two points the line breaks.
        caption: What is to be seen, for who does not see the chart.
    """
    labels = [band.label for band in bands] + [line.label for line in lines]
    colours = [band.colour for band in bands] + [line.colour for line in lines]
    colour = alt.Color(
        "what:N", scale=alt.Scale(domain=labels, range=colours), legend=alt.Legend(title=None, symbolOpacity=1)
    )
    time = alt.X("at:T", scale=alt.Scale(type="utc"), title=say("clock_of", zone=zone.key))
    value = alt.Y("value:Q", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format=".0%"), title=say("standing"))
    layers: list[Any] = [
        alt.Chart(_data(_edges(band, zone)))
        .mark_area(opacity=0.25)
        .encode(x=time, y=value, y2=alt.Y2("upper:Q"), color=colour)
        for band in bands
    ]
    layers += [
        alt.Chart(_data(_rows(line, zone, step)))
        .mark_line(strokeWidth=2, strokeDash=[5, 3] if line.dashed else [1, 0])
        .encode(x=time, y=value, color=colour, tooltip=_tooltip())
        for line in lines
    ]
    _show(alt.layer(*layers).properties(height=_HEIGHT), caption)


def bars(
    values: Sequence[dict[str, Any]], *, order: Sequence[str], models: Sequence[tuple[str, str]], caption: str
) -> None:
    """Draw errors side by side: each value has `group`, `what` and `value`.

    Args:
        values: What is drawn.
        order: Of the groups.
        models: Labels of `what` and their colours.
        caption: As for `draw`.
    """
    labels, colours = [label for label, _ in models], [colour for _, colour in models]
    chart = (
        alt.Chart(_data(values))
        .mark_bar()
        .encode(
            x=alt.X("group:N", sort=list(order), title=None, axis=alt.Axis(labelAngle=0)),
            xOffset=alt.XOffset("what:N", sort=labels),
            y=alt.Y("value:Q", title=say("rmse"), axis=alt.Axis(format=".2f")),
            color=alt.Color("what:N", scale=alt.Scale(domain=labels, range=colours), legend=alt.Legend(title=None)),
            tooltip=[
                alt.Tooltip("what:N", title=say("what")),
                alt.Tooltip("value:Q", title=say("rmse"), format=".3f"),
            ],
        )
    )
    _show(chart.properties(height=_HEIGHT), caption)


def _show(chart: Any, caption: str) -> None:
    locale = _FRENCH if language() == "fr" else None
    configured = chart.configure(**({"locale": locale} if locale else {})).configure_legend(orient="top", columns=2)
    st.altair_chart(configured.properties(description=caption), width="stretch")
    st.caption(caption)


def _tooltip() -> list[alt.Tooltip]:
    return [
        alt.Tooltip("what:N", title=say("what")),
        alt.Tooltip("shown:N", title=say("when")),
        alt.Tooltip("value:Q", title=say("standing"), format=".1%"),
    ]


def _data(rows: Sequence[dict[str, Any]]) -> Any:
    make: Any = alt.InlineData  # whose signature is untyped
    return make(values=list(rows))


def _rows(line: Line, zone: ZoneInfo, step: timedelta) -> list[dict[str, Any]]:
    return [
        {"at": _wall(at, zone), "shown": f"{at.astimezone(zone):%d/%m/%Y %H:%M}", "value": value, "what": line.label}
        for at, value in _broken(line.points, step)
    ]


def _edges(band: Band, zone: ZoneInfo) -> list[dict[str, Any]]:
    return [
        {"at": _wall(at, zone), "value": lower, "upper": upper, "what": band.label} for at, lower, upper in band.edges
    ]


def _broken(points: Points, step: timedelta) -> Iterator[tuple[datetime, float | None]]:
    """Yield points, with one that is not known where some are missing."""
    last: datetime | None = None
    for at, value in points:
        if last is not None and at - last > _GAP * step:
            yield last + step, None
        yield at, value
        last = at


def _wall(at: datetime, zone: ZoneInfo) -> str:
    """Return the farm's wall clock as if it were UTC: a browser elsewhere would show its own."""
    return at.astimezone(zone).replace(tzinfo=None).isoformat() + "Z"
