"""Colliers: when they were heard, batteries, what came, what was refused."""

from dashboards.board import FARM, SPAN, board, farm_choice, now_mark
from dashboards.panels import Outlet, lines, table
from dashboards.style import (
    BLUE,
    GREEN,
    ORANGE,
    SECONDS,
    SHARE,
    TIME,
    VERMILLION,
    VOLTS,
    WRAPPED,
    Json,
    colour,
    column,
    steps,
)


def collars(outlet: Outlet) -> Json:
    """Return the dashboard."""
    return board(
        outlet,
        "collars",
        [_table(outlet), _messages(outlet), _rejects(outlet), _battery(outlet)],
        variables=[farm_choice(outlet)],
        marks=[now_mark(outlet)],
        span=("now-7d", "now"),
    )


def collar_columns(outlet: Outlet) -> list[Json]:
    """Return how the columns of collars are shown."""
    lang = outlet.language
    coloured = {"custom__cellOptions": {"type": "color-text"}}
    return [
        column(lang, "collar"),
        column(lang, "animal"),
        column(lang, "heard", **TIME),
        column(lang, "silent_s", **SECONDS, **coloured, thresholds=steps((1800, ORANGE), (86_400, VERMILLION))),
        column(lang, "battery_v", **VOLTS, **coloured, thresholds=steps((3.5, ORANGE), (3.7, GREEN), below=VERMILLION)),
        column(lang, "battery_at", **TIME),
        column(lang, "rssi_dbm", unit="dBm"),
        column(lang, "firmware"),
        *(
            column(lang, name, **SHARE, **coloured, thresholds=steps((0.5, ORANGE), (0.8, GREEN), below=VERMILLION))
            for name in ("received", "known")
        ),
    ]


def _table(outlet: Outlet) -> Json:
    sql = f"""SELECT collar, animal, heard, silent_s, battery_v, battery_at, rssi_dbm, firmware, received, known
FROM panel.collars({FARM}, NULL)"""  # noqa: S608 - our own words
    return table(outlet, "collars.table", (24, 12), sql, collar_columns(outlet))


def _messages(outlet: Outlet) -> Json:
    return lines(
        outlet,
        "collars.messages",
        (12, 8),
        f"SELECT time, messages FROM panel.messages({FARM}, {SPAN})",  # noqa: S608 - our own words
        defaults={"unit": "short", "min": 0},
        columns=[column(outlet.language, "messages", color=colour(BLUE))],
    )


def _rejects(outlet: Outlet) -> Json:
    lang = outlet.language
    columns = [
        column(lang, "code"),
        column(lang, "messages"),
        column(lang, "latest", **TIME),
        column(lang, "detail", custom__cellOptions=WRAPPED),
    ]
    sql = f"SELECT code, messages, latest, detail FROM panel.rejects({FARM}, {SPAN})"  # noqa: S608 - our own words
    return table(outlet, "collars.rejects", (12, 8), sql, columns)


def _battery(outlet: Outlet) -> Json:
    sql = f"""SELECT time, collar AS metric, least_v FROM panel.battery({FARM}, NULL, {SPAN})"""  # noqa: S608 - our own words
    return lines(outlet, "collars.battery", (24, 8), sql, defaults=VOLTS, custom={"showPoints": "always"}) | {
        "timeFrom": "90d"
    }
