"""Animal: its postures to the second, its days beside what is usual for it, its collar."""

from dashboards.board import (
    ANIMAL,
    FARM,
    SPAN,
    animal_choice,
    board,
    farm_choice,
    group_choice,
    journal_mark,
    night_mark,
    now_mark,
)
from dashboards.boards.collars import collar_columns
from dashboards.boards.group import edges
from dashboards.panels import Outlet, lines, table, timeline
from dashboards.style import BLUE, GREEN, HOURS, TIME, VOLTS, Json, colour, column, words


def animal(outlet: Outlet) -> Json:
    """Return the dashboard."""
    return board(
        outlet,
        "animal",
        [_timeline(outlet), _days(outlet), _bouts(outlet), _collar(outlet), _battery(outlet)],
        variables=[farm_choice(outlet), group_choice(outlet), animal_choice(outlet)],
        marks=[now_mark(outlet), night_mark(outlet), journal_mark(outlet, animal=True)],
    )


def _timeline(outlet: Outlet) -> Json:
    sql = f"SELECT time, state AS posture FROM panel.animal_timeline({ANIMAL}, {SPAN})"  # noqa: S608 - our own words
    shown = words(outlet.language, "standing", "lying", "unknown", "no_data")
    return timeline(outlet, "animal.timeline", (24, 5), sql, [column(outlet.language, "posture")], mappings=shown)


def _days(outlet: Outlet) -> Json:
    sql = f"SELECT time, low, high, standing_h FROM panel.animal_days({ANIMAL}, {SPAN})"  # noqa: S608 - our own words
    return lines(
        outlet,
        "animal.days",
        (12, 9),
        sql,
        defaults=HOURS | {"min": 0},
        columns=[
            *edges(outlet, "low", "high", 20, GREEN),
            column(outlet.language, "standing_h", color=colour(BLUE), custom__showPoints="always"),
        ],
    ) | {"timeFrom": "28d"}


def _bouts(outlet: Outlet) -> Json:
    lang = outlet.language
    sql = f"""SELECT start, CASE WHEN lying THEN 'lying' ELSE 'standing' END AS posture, minutes, ended
FROM panel.animal_bouts({ANIMAL}, {SPAN})"""  # noqa: S608 - our own words
    columns = [
        column(lang, "start", **TIME),
        column(lang, "posture", mappings=words(lang, "standing", "lying"), custom__cellOptions={"type": "color-text"}),
        column(lang, "minutes", unit="m", decimals=0),
        column(lang, "ended", **TIME),
    ]
    return table(outlet, "animal.bouts", (12, 9), sql, columns)


def _collar(outlet: Outlet) -> Json:
    sql = f"""SELECT collar, animal, heard, silent_s, battery_v, battery_at, rssi_dbm, firmware, received, known
FROM panel.collars({FARM}, {ANIMAL})"""  # noqa: S608 - our own words
    return table(outlet, "animal.collar", (12, 6), sql, collar_columns(outlet))


def _battery(outlet: Outlet) -> Json:
    sql = f"SELECT time, least_v FROM panel.battery({FARM}, {ANIMAL}, {SPAN})"  # noqa: S608 - our own words
    return lines(
        outlet,
        "animal.battery",
        (12, 6),
        sql,
        defaults=VOLTS,
        columns=[column(outlet.language, "least_v", color=colour(GREEN))],
        custom={"showPoints": "always"},
    ) | {"timeFrom": "90d"}
