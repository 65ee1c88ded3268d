"""Mes chèvres: every group now, today against the last days, what is to be looked at."""

from typing import Final

from core.alert_texts import KINDS, SEVERITIES
from dashboards.board import FARM, GROUP, board, farm_choice, group_choice, link_to
from dashboards.panels import Outlet, bars, figures, table
from dashboards.sentences import evidence_worded, worded
from dashboards.style import (
    BLUE,
    GREEN,
    ORANGE,
    SECONDS,
    SHARE,
    SKY,
    TIME,
    VERMILLION,
    WRAPPED,
    Json,
    colour,
    column,
    steps,
    words,
)

_SILENT_S: Final = 3600

_OF: Final = {"fr": "de", "en": "of"}


def home(outlet: Outlet) -> Json:
    """Return the dashboard."""
    return board(
        outlet,
        "home",
        [_tile(outlet), _alerts(outlet), _week(outlet), _silent(outlet)],
        variables=[
            farm_choice(outlet),
            group_choice(outlet, hide=2, multi=True, includeAll=True, current={"text": "All", "value": "$__all"}),
        ],
        span=("now-24h", "now"),
    )


def _tile(outlet: Outlet) -> Json:
    lang = outlet.language
    sql = f"""SELECT ratio AS now, known || ' {_OF[lang]} ' || animals AS known_of,
  round(100 * low) || ' - ' || round(100 * high) || ' %' AS band, outside
FROM panel.groups_now({FARM}) WHERE group_id = {GROUP}"""  # noqa: S608 - our own words
    apart = steps((-1, VERMILLION), (-0.0001, GREEN), (0.0001, VERMILLION), below=VERMILLION)
    link = [link_to(outlet, "group", farm="${farm}", group="${group}")]
    columns = [
        column(lang, "now", unit=SHARE["unit"], decimals=0, color=colour(BLUE), links=link),
        column(lang, "known_of", links=link),
        column(lang, "band", links=link),
        column(lang, "outside", unit=SHARE["unit"], decimals=0, thresholds=apart, links=link),
    ]
    return figures(outlet, "home.tile", (12, 5), sql, columns) | {
        "repeat": "group",
        "repeatDirection": "h",
        "maxPerRow": 2,
    }


def _week(outlet: Outlet) -> Json:
    lang = outlet.language
    sql = f'SELECT "group", today, week FROM panel.groups_now({FARM})'  # noqa: S608 - our own words
    columns = [
        column(lang, "today", color=colour(BLUE)),
        column(lang, "week", color=colour(SKY)),
        column(lang, "group"),
    ]
    return bars(outlet, "home.week", (12, 8), sql, columns, **SHARE)


def _alerts(outlet: Outlet) -> Json:
    lang = outlet.language
    sql = f"""SELECT severity, name, {worded("kind", KINDS, lang)} AS what, {evidence_worded(lang)} AS seen, since,
  (SELECT o.opened_at FROM panel.alert o WHERE o.id = a.id) AS found
FROM panel.alerts(ARRAY[{FARM}]) a"""  # noqa: S608 - our own words
    columns = [
        column(lang, "severity", mappings=words(lang, *SEVERITIES), custom__cellOptions={"type": "color-text"}),
        column(lang, "name"),
        column(lang, "what"),
        column(lang, "seen", custom__width=420, custom__cellOptions=WRAPPED),
        column(lang, "since", **TIME),
        column(lang, "found", **TIME),
    ]
    return table(outlet, "home.alerts", (24, 8), sql, columns)


def _silent(outlet: Outlet) -> Json:
    lang = outlet.language
    sql = f"""SELECT collar, animal, silent_s, battery_v FROM panel.collars({FARM}, NULL)
WHERE animal IS NOT NULL AND (silent_s > {_SILENT_S} OR silent_s IS NULL)"""  # noqa: S608 - our own words
    columns = [
        column(lang, "collar"),
        column(lang, "animal"),
        column(
            lang,
            "silent_s",
            **SECONDS,
            thresholds=steps((_SILENT_S, ORANGE), (24 * _SILENT_S, VERMILLION)),
            custom__cellOptions={"type": "color-text"},
        ),
        column(lang, "battery_v", unit="volt", decimals=2),
    ]
    return table(outlet, "home.silent", (12, 8), sql, columns)
