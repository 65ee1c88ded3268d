"""Groupe: measured and forecast, forecasts as issued, weather and nights, days, animals off their habits."""

from core.state_texts import STATES
from dashboards.board import (
    FARM,
    GROUP,
    SPAN,
    board,
    event_mark,
    farm_choice,
    group_choice,
    hours_choice,
    journal_mark,
    link_to,
    night_mark,
    now_mark,
)
from dashboards.panels import Outlet, lines, table
from dashboards.style import (
    BLUE,
    GREEN,
    HOURS,
    ORANGE,
    PURPLE,
    SHARE,
    SKY,
    TIME,
    VERMILLION,
    Json,
    colour,
    column,
    steps,
    words,
)


def group(outlet: Outlet) -> Json:
    """Return the dashboard."""
    return board(
        outlet,
        "group",
        [_line(outlet), _habits(outlet), _days(outlet), _issued(outlet), _weather(outlet)],
        variables=[farm_choice(outlet), group_choice(outlet), hours_choice(outlet)],
        marks=[now_mark(outlet), night_mark(outlet), event_mark(outlet), journal_mark(outlet)],
        span=("now-48h", "now+24h"),
    )


def edges(outlet: Outlet, low: str, high: str, fill: int, tint: str) -> list[Json]:
    """Return how the two ends of a band are shown: no lines, what lies between them filled."""
    plain = {
        "custom__lineWidth": 0,
        "color": colour(tint),
        "custom__hideFrom": {"legend": True, "tooltip": False, "viz": False},
    }
    return [
        column(outlet.language, low, **plain),
        column(outlet.language, high, **plain, custom__fillBelowTo=low, custom__fillOpacity=fill),
    ]


def _dashed(outlet: Outlet) -> Json:
    return column(
        outlet.language,
        "expected",
        color=colour(ORANGE),
        custom__lineStyle={"fill": "dash", "dash": [8, 6]},
    )


def _line(outlet: Outlet) -> Json:
    return lines(
        outlet,
        "group.line",
        (24, 11),
        f"SELECT time, ratio FROM panel.group_line({GROUP}, {SPAN})",  # noqa: S608 - our own words
        f"SELECT time, low95, high95, low80, high80, expected FROM panel.group_forecast({GROUP}, {SPAN})",  # noqa: S608 - ours
        defaults=SHARE,
        columns=[
            column(outlet.language, "ratio", color=colour(BLUE)),
            _dashed(outlet),
            *edges(outlet, "low95", "high95", 12, ORANGE),
            *edges(outlet, "low80", "high80", 22, ORANGE),
        ],
    )


def _issued(outlet: Outlet) -> Json:
    return lines(
        outlet,
        "group.issued",
        (12, 8),
        f"SELECT time, ratio FROM panel.group_line({GROUP}, {SPAN})",  # noqa: S608 - our own words
        f"SELECT time, low95, high95, expected FROM panel.group_issued({GROUP}, {SPAN}, ${{ahead}})",  # noqa: S608 - ours
        defaults=SHARE,
        columns=[
            column(outlet.language, "ratio", color=colour(BLUE)),
            _dashed(outlet),
            *edges(outlet, "low95", "high95", 15, ORANGE),
        ],
    )


def _weather(outlet: Outlet) -> Json:
    return lines(
        outlet,
        "group.weather",
        (12, 8),
        f"SELECT time, temperature, thi, precipitation FROM panel.weather({FARM}, {SPAN})",  # noqa: S608 - our own words
        columns=[
            column(outlet.language, "temperature", unit="celsius", color=colour(VERMILLION)),
            column(outlet.language, "thi", color=colour(PURPLE)),
            column(
                outlet.language,
                "precipitation",
                unit="lengthmm",
                color=colour(SKY),
                custom__drawStyle="bars",
                custom__fillOpacity=60,
                custom__axisPlacement="right",
            ),
        ],
        from_zero=False,
    )


def _days(outlet: Outlet) -> Json:
    return lines(
        outlet,
        "group.days",
        (12, 8),
        f"SELECT time, standing_h FROM panel.group_days({GROUP}, {SPAN})",  # noqa: S608 - our own words
        defaults=HOURS | {"min": 0},
        columns=[column(outlet.language, "standing_h", color=colour(BLUE))],
        custom={"drawStyle": "bars", "fillOpacity": 60},
    ) | {"timeFrom": "28d"}


def _habits(outlet: Outlet) -> Json:
    lang = outlet.language
    sql = f"""SELECT animal, state, score, standing_h, standing_h_low, standing_h_high, lying_bouts, since, animal_id
FROM panel.habits({GROUP})"""  # noqa: S608 - our own words
    columns = [
        column(
            lang,
            "animal",
            links=[link_to(outlet, "animal", farm="${farm}", group="${group}", animal="${__data.fields.animal_id}")],
        ),
        column(lang, "state", mappings=words(lang, *STATES), custom__cellOptions={"type": "color-text"}),
        column(
            lang,
            "score",
            decimals=1,
            thresholds=steps((0.5, ORANGE), (1, VERMILLION), below=GREEN),
            custom__cellOptions={"type": "color-text"},
        ),
        *(column(lang, name, **HOURS) for name in ("standing_h", "standing_h_low", "standing_h_high")),
        column(lang, "lying_bouts", decimals=0),
        column(lang, "since", **TIME),
        {"matcher": {"id": "byName", "options": "animal_id"}, "properties": [{"id": "custom.hidden", "value": True}]},
    ]
    return table(outlet, "group.habits", (12, 8), sql, columns)
