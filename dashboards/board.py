"""A dashboard of panels: their places and ids, what can be chosen, what is marked over time."""

from collections.abc import Sequence
from typing import Any, Final

from core.alert_texts import JOURNAL
from dashboards.panels import SOURCE_TYPE, Outlet
from dashboards.said import BOARDS, MARKS, VARIABLES
from dashboards.sentences import worded
from dashboards.style import GREY, ORANGE, PURPLE, VERMILLION, Json, said

WIDTH: Final = 24
"""Columns of Grafana's grid."""

SCHEMA_VERSION: Final = 42
"""Of Grafana's dashboards, as Grafana 13 writes them: `LATEST_VERSION` in grafana/grafana,
apps/dashboard/pkg/migration/schemaversion/migrations.go."""

FARM: Final = "nullif('${farm}', '')::int"
GROUP: Final = "nullif('${group}', '')::int"
ANIMAL: Final = "nullif('${animal}', '')::int"
SPAN: Final = "$__timeFrom(), $__timeTo()"


def board(
    outlet: Outlet,
    name: str,
    panels: Sequence[Json],
    *,
    variables: Sequence[Json] = (),
    marks: Sequence[Json] = (),
    span: tuple[str, str] = ("now-48h", "now"),
    refresh: str = "1m",
) -> Json:
    """Return a dashboard in Grafana's classic JSON, as it is provisioned or pushed."""
    told = BOARDS[name]
    return {
        "uid": uid(outlet, name),
        "title": said(told.title, outlet.language),
        "description": said(told.description, outlet.language),
        "tags": ["animov"],
        "schemaVersion": SCHEMA_VERSION,
        "editable": True,
        "graphTooltip": 1,
        "timezone": outlet.time_zone,
        "weekStart": "monday",
        "time": {"from": span[0], "to": span[1]},
        "refresh": refresh,
        "timepicker": {},
        "fiscalYearStartMonth": 0,
        "links": [_link(outlet, other) for other in BOARDS if other != name],
        "templating": {"list": list(variables)},
        "annotations": {"list": list(marks)},
        "panels": _placed(panels),
    }


def uid(outlet: Outlet, name: str) -> str:
    """Return the uid of a dashboard: fixed, since links and bookmarks name it."""
    return f"{outlet.key}-{name}"


def link_to(outlet: Outlet, name: str, **variables: str) -> Json:
    """Return a link from a value to another dashboard, as a property of a column."""
    chosen = "&".join(f"var-{variable}={value}" for variable, value in variables.items())
    title = said(BOARDS[name].title, outlet.language)
    return {"title": title, "url": f"/d/{uid(outlet, name)}?{chosen}", "targetBlank": False}


def _link(outlet: Outlet, name: str) -> Json:
    return {
        "type": "link",
        "title": said(BOARDS[name].title, outlet.language),
        "url": f"/d/{uid(outlet, name)}",
        "includeVars": True,
        "keepTime": False,
        "targetBlank": False,
        "asDropdown": False,
        "icon": "dashboard",
        "tags": [],
        "tooltip": said(BOARDS[name].description, outlet.language),
    }


def _placed(panels: Sequence[Json]) -> list[Json]:
    """Give panels ids from 1 on, and places from left to right in rows as high as their highest."""
    placed: list[Json] = []
    x = y = row = 0
    for number, panel in enumerate(panels, start=1):
        size = panel["gridPos"]
        if x + size["w"] > WIDTH:
            x, y, row = 0, y + row, 0
        placed.append({"id": number, **panel, "gridPos": {"x": x, "y": y, **size}})
        x, row = x + size["w"], max(row, size["h"])
    return placed


def choice(outlet: Outlet, name: str, sql: str, **more: Any) -> Json:
    """Return a variable whose values a query tells: columns `__text` and `__value`."""
    return {
        "type": "query",
        "name": name,
        "label": said(VARIABLES[name], outlet.language),
        "datasource": outlet.source,
        "query": sql,
        "definition": sql,
        "refresh": 2,
        "sort": 0,
        "hide": 0,
        "multi": False,
        "includeAll": False,
        "options": [],
        "current": {},
        **more,
    }


def farm_choice(outlet: Outlet) -> Json:
    """Return the choice among the farms of the reader."""
    return choice(
        outlet, "farm", "SELECT coalesce(nullif(title, ''), name) AS __text, id AS __value FROM panel.farm ORDER BY 1"
    )


def group_choice(outlet: Outlet, **more: Any) -> Json:
    """Return the choice among the groups of the farm."""
    sql = f"SELECT name AS __text, id AS __value FROM panel.animal_group WHERE farm_id = {FARM} ORDER BY 1"  # noqa: S608 - ours
    return choice(outlet, "group", sql, **more)


def animal_choice(outlet: Outlet) -> Json:
    """Return the choice among the animals of the group."""
    sql = f"SELECT animal AS __text, animal_id AS __value FROM panel.habits({GROUP}) ORDER BY 1"  # noqa: S608 - our own words
    return choice(outlet, "animal", sql)


def hours_choice(outlet: Outlet) -> Json:
    """Return the choice of how far ahead past forecasts are shown."""
    hours = (1, 6, 24, 48)
    options = [{"text": str(h), "value": str(h), "selected": h == 24} for h in hours]
    return {
        "type": "custom",
        "name": "ahead",
        "label": said(VARIABLES["ahead"], outlet.language),
        "query": ",".join(map(str, hours)),
        "options": options,
        "current": options[2],
        "hide": 0,
        "multi": False,
        "includeAll": False,
    }


def _mark(outlet: Outlet, name: str, colour: str, sql: str) -> Json:
    return {
        "name": said(MARKS[name], outlet.language),
        "datasource": {"type": SOURCE_TYPE, "uid": outlet.key},
        "enable": True,
        "hide": False,
        "iconColor": colour,
        "target": {"refId": "Anno", "editorMode": "code", "format": "table", "rawQuery": True, "rawSql": sql},
    }


def now_mark(outlet: Outlet) -> Json:
    """Return the line of now, on the node's clock."""
    return _mark(
        outlet, "now", VERMILLION, f"SELECT animov_now() AS time, '{said(MARKS['now'], outlet.language)}' AS text"
    )


def night_mark(outlet: Outlet) -> Json:
    """Return the shading of nights."""
    sql = f"SELECT time, timeend, '{said(MARKS['night'], outlet.language)}' AS text FROM panel.nights({FARM}, {SPAN})"  # noqa: S608 - ours
    return _mark(outlet, "night", GREY, sql)


def event_mark(outlet: Outlet) -> Json:
    """Return the daily events of the farm."""
    return _mark(outlet, "events", ORANGE, f"SELECT time, timeend, name AS text FROM panel.events({FARM}, {SPAN})")  # noqa: S608 - ours


def journal_mark(outlet: Outlet, *, animal: bool = False) -> Json:
    """Return what the journal says of the group, or of the animal."""
    who = f"NULL, {ANIMAL}" if animal else f"{GROUP}, NULL"
    kind = worded("kind", JOURNAL, outlet.language)
    sql = f"""SELECT time, timeend, concat_ws(' ', {kind}, note) AS text, kind AS tags
FROM panel.marks({FARM}, {who}, {SPAN})"""  # noqa: S608 - our own words
    return _mark(outlet, "journal", PURPLE, sql)
