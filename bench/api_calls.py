"""The calls that integrators make most, each beside an empty route and beside its own queries without an API."""

import asyncio
import sys
import time
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import psycopg
from fastapi import FastAPI
from sqlalchemy import event

from api.app import create_app
from bench.api_client import Latency, one_by_one
from bench.api_filling import FARM, Filled
from bench.processes import cpu_seconds
from storage.access.scoping import PATIENCE
from storage.engine.database import Connection, engine_for

_WARM: Final = 10
"""Requests of each call that are not measured: connections opened, plans made."""


class Call(NamedTuple):
    """Something to ask for."""

    name: str
    path: str


class Query(NamedTuple):
    """A statement as the driver takes it, with its values."""

    statement: str
    values: Any


class Queries(NamedTuple):
    """What a request asks of the database: what sets the farms that it sees, and everything after that."""

    scope: Query
    others: list[Query]


def calls(filled: Filled) -> list[Call]:
    """Return the ten calls; a chart is windows and forecast in one."""
    group, animal = filled.groups[0], filled.animals[0]
    return [
        Call("group, chart", f"/v1/groups/{group}/view"),
        Call("group, 48 h", f"/v1/groups/{group}/windows"),
        Call("group, forecast", f"/v1/groups/{group}/forecast"),
        Call("group, scores", f"/v1/groups/{group}/scores"),
        Call("group, daily sheets", f"/v1/groups/{group}/days"),
        Call("animal, 48 h", f"/v1/animals/{animal}/windows"),
        Call("herd list", f"/v1/farms/{FARM}/animals"),
        Call("collars", f"/v1/farms/{FARM}/collars"),
        Call("open alerts", f"/v1/farms/{FARM}/alerts?state=open"),
        Call("farms", "/v1/farms"),
    ]


class Target(NamedTuple):
    """An API: where it answers, the key that it takes, and its process by number."""

    address: str
    key: str
    pid: int


def measure(api: Target, empty: Target, url: str, wanted: Sequence[Call], requests: int) -> list[dict[str, Any]]:
    """Measure an empty route, then each call beside its queries without an API, so many requests of each.

    Args:
        api: Ours.
        empty: The other one.
        url: Of the database, in the API's role.
        wanted: The calls.
        requests: Of each.
    """
    found = [_measured(empty, Call("an empty route", "/"), requests) | {"bare": None}]
    for call, asked in zip(wanted, queries(url, api.key, [call.path for call in wanted]), strict=True):
        measured = _measured(api, call, requests)
        bare = without_an_api(url, asked, requests)._asdict()
        found.append(measured | {"bare": bare, "queries": len(asked.others)})
        sys.stderr.write(f"{call.name}: {measured['p50_ms']:.1f} ms\n")
    return found


def _measured(target: Target, call: Call, requests: int) -> dict[str, Any]:
    """Return the latency of a call one by one, its bytes, and the milliseconds of the processor that the API takes."""
    address, key, pid = target
    asyncio.run(one_by_one(address, key, call.path, _WARM))
    before = cpu_seconds(pid)
    latency, size = asyncio.run(one_by_one(address, key, call.path, requests))
    cpu_ms = 1000 * (cpu_seconds(pid) - before) / requests
    return {"name": call.name, "bytes": size, "cpu_ms": cpu_ms, **latency._asdict()}


def queries(url: str, key: str, paths: Sequence[str]) -> list[Queries]:
    """Return what requests ask of the database, each as an API in this process asks it."""
    asked: list[Query] = []
    engine = engine_for(url, patience=PATIENCE)

    def note(_: Connection, __: Any, statement: str, values: Any, *___: Any) -> None:
        asked.append(Query(statement, values))

    event.listen(engine, "before_cursor_execute", note)
    found, app = [], create_app(engine=engine, signing_key=bytes(32))
    for path in paths:
        asked.clear()
        asyncio.run(_answered(app, key, path))
        first = next(place for place, query in enumerate(asked) if "animov.farms" in query.statement)
        others = [query for query in asked[first + 1 :] if "api_key" not in query.statement]
        found.append(Queries(asked[first], others))
    engine.dispose()
    return found


async def _answered(app: FastAPI, key: str, path: str) -> None:
    """Let an application answer a GET."""
    bare, _, query = path.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": bare,
        "raw_path": bare.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(b"host", b"bench"), (b"x-api-key", key.encode())],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 2),
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(_: Any) -> None:
        pass

    await app(scope, receive, send)


def without_an_api(url: str, asked: Queries, requests: int) -> Latency:
    """Measure the queries of a call on the driver alone, in one transaction that sees the farm."""
    taken = []
    with psycopg.connect(url, options=f"{_options(url)} -c timezone=UTC".strip()) as connection:
        connection.execute(asked.scope.statement.encode(), asked.scope.values)
        for _ in range(_WARM):
            _ask(connection, asked.others)
        began = time.perf_counter()
        for _ in range(requests):
            asked_at = time.perf_counter()
            _ask(connection, asked.others)
            taken.append(time.perf_counter() - asked_at)
    return Latency.of(taken, time.perf_counter() - began)


def _options(url: str) -> str:
    return str(psycopg.conninfo.conninfo_to_dict(url).get("options", ""))


def _ask(connection: "psycopg.Connection[Any]", asked: Sequence[Query]) -> None:
    for query in asked:
        connection.execute(query.statement.encode(), query.values).fetchall()
