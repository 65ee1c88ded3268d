"""Grafana's schema, as its grafana-foundation-sdk has it: what is made must be loaded by it, without a loss.

The models drop members that they don't know and take values of any type; so what they write is compared with what they
read, and what they hold with what they announce.
"""

import enum
import json
import types
import typing
import warnings
from functools import cache

with warnings.catch_warnings():  # they would have dashboards of version 2, which only newer servers read
    warnings.simplefilter("ignore", DeprecationWarning)
    from grafana_foundation_sdk.cog import plugins
    from grafana_foundation_sdk.cog import runtime as cogruntime
    from grafana_foundation_sdk.cog.encoder import JSONEncoder
    from grafana_foundation_sdk.models import alerting, common, dashboard, expr

plugins.register_default_plugins()

SQL_QUERY = {
    "refId": str,
    "datasource": dict,
    "editorMode": ("code", "builder"),
    "format": ("time_series", "table"),
    "rawQuery": bool,
    "rawSql": str,
}
"""What we use of a SQL query, for which the models have no class: `SQLQuery` of grafana/grafana,
packages/grafana-sql/src/types.ts (08574fe), and `DataQuery` of packages/grafana-schema."""

STEPS = {"reduce": expr.TypeReduce, "threshold": expr.TypeThreshold}
"""What a rule computes with the rows of a query."""


def faults(model, value):
    """Tell what of a JSON value a model doesn't know or has of another type, each by its path."""
    try:
        loaded = model.from_json(value)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        return [f"{model.__name__}: {type(error).__name__} {error}"]
    written = json.loads(json.dumps(loaded, cls=JSONEncoder))
    return [*_lost("", value, written), *_mistyped("", loaded, model)]


def faults_of_board(board):
    """Tell what is wrong with a dashboard; what a column overrides is held against the same schema as the defaults."""
    told = faults(dashboard.Dashboard, board)
    for panel in board.get("panels", ()):
        for query in panel.get("targets", ()):
            told += _faults_of_query(query)
        for override in panel.get("fieldConfig", {}).get("overrides", ()):
            told += _faults_of_override(panel, override)
    for mark in board.get("annotations", {}).get("list", ()):
        told += _faults_of_query({"datasource": mark.get("datasource")} | mark.get("target", {}))
    return [*told, *(f"no {name}" for name in ("uid", "title", "panels") if name not in board)]


def _faults_of_override(panel, override):
    alone = {**panel, "targets": [], "fieldConfig": {"defaults": _nested(override), "overrides": []}}
    return (f"{override.get('matcher')}: {fault}" for fault in faults(dashboard.Panel, alone))


def _faults_of_query(query):
    for name in SQL_QUERY.keys() ^ query.keys():
        yield f"query: {name} is {'not known' if name in query else 'missing'}"
    for name in SQL_QUERY.keys() & query.keys():
        kind = SQL_QUERY[name]
        if query[name] not in kind if isinstance(kind, tuple) else not isinstance(query[name], kind):
            yield f"query: {name} is {query[name]!r}"
    yield from faults(common.DataSourceRef, query.get("datasource") or {})


def faults_of_rules(group):
    """Tell what is wrong with a group of alert rules, as the HTTP API takes it."""
    told = faults(alerting.RuleGroup, group)
    for step in (step for rule in group.get("rules", ()) for step in rule.get("data", ())):
        model = step.get("model", {})
        told += faults(STEPS[model["type"]], model) if "type" in model else _faults_of_query(model)
    return told


def _nested(override):
    """Return the properties of an override as a field's defaults."""
    made = {"custom": {}}
    for one in override.get("properties", ()):
        *above, last = one.get("id", "id").split(".")
        inner = made
        for name in above:
            inner = inner.setdefault(name, {})
        inner[last] = one.get("value")
    return made


def _lost(path, value, written):
    if isinstance(value, dict) and isinstance(written, dict):
        for key, inner in value.items():
            if key in written:
                yield from _lost(f"{path}.{key}", inner, written[key])
            else:
                yield f"{path}.{key} is not known"
    elif isinstance(value, list) and isinstance(written, list) and len(value) == len(written):
        for at, (inner, other) in enumerate(zip(value, written, strict=True)):
            yield from _lost(f"{path}[{at}]", inner, other)
    elif value != written:
        yield f"{path} is read as {written!r}"


@cache
def _announced(model):
    return typing.get_type_hints(model)


def _mistyped(path, value, wanted):
    """Tell where a value is not of the type that is announced."""
    origin = typing.get_origin(wanted)
    if origin in {typing.Union, types.UnionType}:
        kinds = [list(_mistyped(path, value, one)) for one in typing.get_args(wanted)]
        yield from min(kinds, key=len)
    elif origin is typing.Literal or (isinstance(wanted, type) and issubclass(wanted, enum.Enum)):
        if value not in (typing.get_args(wanted) or [one.value for one in wanted]):
            yield f"{path} is {value!r}"
    elif isinstance(value, dict) and hasattr(wanted, "from_json"):
        yield from (f"{path}{one}" for one in faults(wanted, value))
    elif not _is(value, origin or wanted):
        yield f"{path} is {value!r}, not {wanted}"
    else:
        for name, inner, kind in _inside(value, wanted):
            yield from _mistyped(f"{path}{name}", inner, kind)


def _inside(value, wanted):
    """What a value holds, with the type that is announced of it."""
    if isinstance(value, list):
        kind, *_ = typing.get_args(wanted) or [typing.Any]
        return [(f"[{at}]", inner, kind) for at, inner in enumerate(value)]
    if isinstance(value, dict):
        *_, kind = typing.get_args(wanted) or [typing.Any]
        return [(f".{name}", inner, kind) for name, inner in value.items()]
    if hasattr(value, "to_json") and not isinstance(value, cogruntime.UnknownDataquery):
        return [(f".{name}", getattr(value, name), kind) for name, kind in _announced(type(value)).items()]
    return []


def _is(value, kind):
    if kind in {typing.Any, object}:
        return True
    if kind in {int, float}:
        return isinstance(value, int if kind is int else int | float) and not isinstance(value, bool)
    return isinstance(value, kind)
