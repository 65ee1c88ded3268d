"""The kinds of panels, each by what it asks and how its columns are shown; ids and places are given by the board."""

from dataclasses import dataclass
from typing import Any, Final

from core.alert_texts import Language
from dashboards.said import PANELS
from dashboards.style import LINE, Json, said

SOURCE_TYPE: Final = "grafana-postgresql-datasource"


@dataclass(frozen=True, slots=True)
class Outlet:
    """For whom dashboards are made.

    Attributes:
        language: Of all that they say.
        time_zone: IANA name of the farm's, or `browser` for who looks.
        key: Begins the uids of dashboards and is the data source's, so that one server can hold several readers'.
    """

    language: Language
    time_zone: str = "Europe/Paris"
    key: str = "animov"

    @property
    def source(self) -> Json:
        """The data source, as panels and variables name it."""
        return {"type": SOURCE_TYPE, "uid": self.key}


def asked(outlet: Outlet, sql: str, *, ref: str = "A", over_time: bool = False) -> Json:
    """Return a query; over time it has a column `time` and a line for each other column, else it is a table."""
    return {
        "refId": ref,
        "datasource": outlet.source,
        "editorMode": "code",
        "format": "time_series" if over_time else "table",
        "rawQuery": True,
        "rawSql": sql,
    }


def _panel(outlet: Outlet, kind: str, name: str, size: tuple[int, int], queries: list[Json], **more: Any) -> Json:
    told = PANELS[name]
    return {
        "type": kind,
        "title": said(told.title, outlet.language),
        "description": said(told.description, outlet.language),
        "datasource": outlet.source,
        "gridPos": {"w": size[0], "h": size[1]},
        "targets": queries,
        **more,
    }


def _field(defaults: Json | None, overrides: list[Json] | None, custom: Json) -> Json:
    return {"defaults": {"custom": custom, **(defaults or {})}, "overrides": overrides or []}


def lines(
    outlet: Outlet,
    name: str,
    size: tuple[int, int],
    *queries: str,
    defaults: Json | None = None,
    columns: list[Json] | None = None,
    custom: Json | None = None,
    from_zero: bool = True,
) -> Json:
    """Return lines over time, of the columns of one query or of several."""
    axis = {"axisSoftMin": 0} if from_zero else {}
    return _panel(
        outlet,
        "timeseries",
        name,
        size,
        [asked(outlet, sql, ref=chr(ord("A") + at), over_time=True) for at, sql in enumerate(queries)],
        fieldConfig=_field(defaults, columns, LINE | axis | (custom or {})),
        options={
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
            "tooltip": {"mode": "multi", "sort": "none"},
        },
    )


def table(outlet: Outlet, name: str, size: tuple[int, int], sql: str, columns: list[Json], **defaults: Any) -> Json:
    """Return a table."""
    return _panel(
        outlet,
        "table",
        name,
        size,
        [asked(outlet, sql)],
        fieldConfig=_field(defaults, columns, {"align": "auto", "filterable": False}),
        options={"showHeader": True, "cellHeight": "sm"},
    )


def figures(outlet: Outlet, name: str, size: tuple[int, int], sql: str, columns: list[Json], **defaults: Any) -> Json:
    """Return the columns of one row as large figures."""
    return _panel(
        outlet,
        "stat",
        name,
        size,
        [asked(outlet, sql)],
        fieldConfig=_field(defaults, columns, {}),
        options={
            "reduceOptions": {"values": False, "calcs": ["lastNotNull"], "fields": "/.*/"},
            "textMode": "value_and_name",
            "colorMode": "value",
            "graphMode": "none",
            "orientation": "auto",
            "justifyMode": "auto",
        },
    )


def bars(outlet: Outlet, name: str, size: tuple[int, int], sql: str, columns: list[Json], **defaults: Any) -> Json:
    """Return bars, a group of them for each row, called as its first column says."""
    return _panel(
        outlet,
        "barchart",
        name,
        size,
        [asked(outlet, sql)],
        fieldConfig=_field(defaults, columns, {"fillOpacity": 80, "lineWidth": 1}),
        options={
            "orientation": "auto",
            "showValue": "auto",
            "stacking": "none",
            "groupWidth": 0.7,
            "barWidth": 0.9,
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
            "tooltip": {"mode": "multi", "sort": "none"},
        },
    )


def timeline(outlet: Outlet, name: str, size: tuple[int, int], sql: str, columns: list[Json], **defaults: Any) -> Json:
    """Return states over time, each lasting until the next."""
    return _panel(
        outlet,
        "state-timeline",
        name,
        size,
        [asked(outlet, sql)],
        fieldConfig=_field(defaults, columns, {"fillOpacity": 80, "lineWidth": 0, "spanNulls": False}),
        options={
            "mergeValues": True,
            "showValue": "never",
            "alignValue": "left",
            "rowHeight": 0.9,
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
            "tooltip": {"mode": "single", "sort": "none"},
        },
    )
