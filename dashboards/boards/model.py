"""Modèle: errors beside the baselines, coverage, skill over time, who reigns and why."""

from typing import Final

from dashboards.board import GROUP, SPAN, board, farm_choice, group_choice, now_mark
from dashboards.panels import Outlet, bars, lines, table
from dashboards.style import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    SHARE,
    SKY,
    TIME,
    VERMILLION,
    WRAPPED,
    Json,
    colour,
    column,
)

_SHOWN: Final = {"model": BLUE, "persistence": ORANGE, "mean": GREY, "seasonal_naive": PURPLE, "mean_14d": SKY}
_BANDS: Final = {"1-4": BLUE, "5-24": ORANGE, "25-96": PURPLE, "97-192": VERMILLION}


def model(outlet: Outlet) -> Json:
    """Return the dashboard."""
    return board(
        outlet,
        "model",
        [_errors(outlet), _coverage(outlet), _skill(outlet), _reigning(outlet), _changes(outlet)],
        variables=[farm_choice(outlet), group_choice(outlet)],
        marks=[now_mark(outlet)],
        span=("now-28d", "now"),
        refresh="15m",
    )


def _errors(outlet: Outlet) -> Json:
    of = ", ".join(f"max(rmse) FILTER (WHERE model = '{name}') AS {name}" for name in _SHOWN)
    sql = f"""SELECT band AS horizon, {of} FROM panel.errors({GROUP}, $__timeTo())
GROUP BY band ORDER BY split_part(band, '-', 1)::int"""  # noqa: S608 - our own words
    columns = [
        column(outlet.language, "horizon"),
        *(column(outlet.language, name, color=colour(tint)) for name, tint in _SHOWN.items()),
    ]
    return bars(outlet, "model.errors", (14, 9), sql, columns, unit="percentunit", decimals=1, min=0)


def _coverage(outlet: Outlet) -> Json:
    sql = f"""SELECT band AS horizon, covered80, covered95 FROM panel.errors({GROUP}, $__timeTo())
WHERE model = 'model'"""  # noqa: S608 - our own words
    columns = [
        column(outlet.language, "horizon"),
        column(outlet.language, "covered80", color=colour(ORANGE)),
        column(outlet.language, "covered95", color=colour(GREEN)),
    ]
    return bars(outlet, "model.coverage", (10, 9), sql, columns, **SHARE)


def _skill(outlet: Outlet) -> Json:
    of = ", ".join(f"""max(skill) FILTER (WHERE band = '{band}') AS "{band}\"""" for band in _BANDS)
    sql = f"SELECT time, {of} FROM panel.skill({GROUP}, {SPAN}) GROUP BY time ORDER BY time"  # noqa: S608 - our own words
    return lines(
        outlet,
        "model.skill",
        (24, 8),
        sql,
        defaults={"unit": "percentunit", "decimals": 0},
        columns=[
            {"matcher": {"id": "byName", "options": band}, "properties": [{"id": "color", "value": colour(tint)}]}
            for band, tint in _BANDS.items()
        ],
        custom={"showPoints": "always"},
        from_zero=False,
    )


def _reigning(outlet: Outlet) -> Json:
    lang = outlet.language
    sql = f"SELECT alias, model_id, since, specification FROM panel.reigning({GROUP})"  # noqa: S608 - our own words
    columns = [
        column(lang, "alias"),
        column(lang, "model_id"),
        column(lang, "since", **TIME),
        column(lang, "specification", custom__cellOptions=WRAPPED),
    ]
    return table(outlet, "model.reigning", (12, 7), sql, columns)


def _changes(outlet: Outlet) -> Json:
    lang = outlet.language
    sql = f"""SELECT time, kind, what AS why, from_model, to_model
FROM panel.model_changes({GROUP}, {SPAN})"""  # noqa: S608 - our own words
    columns = [
        column(lang, "time", **TIME),
        *(column(lang, name) for name in ("kind", "why", "from_model", "to_model")),
    ]
    return table(outlet, "model.changes", (12, 7), sql, columns)
