"""Système: how late data and forecasts are, what waits, how much comes, how long that takes, how large it grows."""

from dashboards.board import FARM, SPAN, board, farm_choice, now_mark
from dashboards.panels import Outlet, figures, lines, table
from dashboards.style import BLUE, ORANGE, SECONDS, VERMILLION, Json, colour, column, steps


def system(outlet: Outlet) -> Json:
    """Return the dashboard."""
    return board(
        outlet,
        "system",
        [*_health(outlet), _throughput(outlet), _cycles(outlet), _flushes(outlet), _messages(outlet), _jobs(outlet)],
        variables=[farm_choice(outlet)],
        marks=[now_mark(outlet)],
        span=("now-24h", "now"),
    )


def _health(outlet: Outlet) -> list[Json]:
    lang = outlet.language
    late = steps((1800, ORANGE), (3600, VERMILLION))
    piled = steps((100, ORANGE), (1000, VERMILLION))
    shown = {
        "system.window": [column(lang, "window_age_s", **SECONDS, thresholds=late)],
        "system.slot": [column(lang, "slot_age_s", **SECONDS, thresholds=late)],
        "system.waiting": [column(lang, "posted", thresholds=piled), column(lang, "changed", thresholds=piled)],
        "system.size": [column(lang, "database_bytes", unit="bytes", color=colour(BLUE))],
    }
    return [
        figures(
            outlet,
            name,
            (6, 5),
            f"SELECT {', '.join(one['matcher']['options'] for one in columns)} FROM panel.health({FARM})",  # noqa: S608 - ours
            columns,
        )
        for name, columns in shown.items()
    ]


def _throughput(outlet: Outlet) -> Json:
    return lines(
        outlet,
        "system.throughput",
        (12, 8),
        f"SELECT time, bytes FROM panel.messages({FARM}, {SPAN})",  # noqa: S608 - our own words
        defaults={"unit": "bytes", "min": 0},
        columns=[column(outlet.language, "bytes", color=colour(BLUE))],
    )


def _cycles(outlet: Outlet) -> Json:
    return lines(
        outlet,
        "system.cycles",
        (12, 8),
        f"SELECT time, seconds FROM panel.cycles({FARM}, {SPAN})",  # noqa: S608 - our own words
        defaults={"unit": "s", "min": 0},
        columns=[column(outlet.language, "seconds", color=colour(ORANGE))],
    )


def _flushes(outlet: Outlet) -> Json:
    lang = outlet.language
    return lines(
        outlet,
        "system.flushes",
        (12, 8),
        f"SELECT time, mean_s, longest_s FROM panel.flushes({SPAN})",  # noqa: S608 - our own words
        defaults={**SECONDS, "min": 0},
        columns=[column(lang, "mean_s", color=colour(BLUE)), column(lang, "longest_s", color=colour(ORANGE))],
        custom={"showPoints": "auto"},
    )


def _messages(outlet: Outlet) -> Json:
    return lines(
        outlet,
        "system.messages",
        (12, 8),
        f"SELECT time, messages_per_s FROM panel.flushes({SPAN})",  # noqa: S608 - our own words
        defaults={"min": 0},
        columns=[column(outlet.language, "messages_per_s", color=colour(BLUE))],
        custom={"showPoints": "auto"},
    )


def _jobs(outlet: Outlet) -> Json:
    lang = outlet.language
    columns = [
        column(lang, "lane"),
        column(lang, "waiting"),
        column(lang, "oldest_s", **SECONDS, thresholds=steps((900, ORANGE), (3600, VERMILLION))),
        column(lang, "under_way"),
        column(lang, "failed", thresholds=steps((1, VERMILLION)), custom__cellOptions={"type": "color-text"}),
    ]
    sql = "SELECT lane, waiting, oldest_s, under_way, failed FROM panel.jobs()"
    return table(outlet, "system.jobs", (24, 7), sql, columns)
