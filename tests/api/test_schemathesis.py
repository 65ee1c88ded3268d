"""Schemathesis asks every route what its description allows and what it does not: each answer is as described.

All phases and all checks, with nothing left out. The tests take a seeded part of it; `just fuzz-api` takes all, with
other seeds. Four things can't be told by a schema, and are put into cases that are to be accepted (`Fitting`): a
cursor is one of the list's own, a span does not end before it begins, a table that is posted as text is one, and the
first AniMOV's routes are told which of several farms is meant.
"""

import json
import os
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import count
from traceback import format_exception
from zlib import crc32

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import strategies as st
from schemathesis.config import SchemathesisConfig
from schemathesis.core import NOT_SET
from schemathesis.engine import from_schema
from schemathesis.engine.events import FatalError, NonFatalError, ScenarioFinished
from schemathesis.generation.meta import TestPhase
from structlog.testing import capture_logs

from api.app import create_app
from core.regressors import WEATHER
from storage.access import users
from storage.engine import database

SEED = int(os.environ.get("ANIMOV_FUZZ_SEED", "1"))
EXAMPLES = int(os.environ.get("ANIMOV_FUZZ_EXAMPLES", "2"))
"""Random cases of each operation, beside those that its description gives and the limits of its values."""

ONE_OF = 1 if "ANIMOV_FUZZ_EXAMPLES" in os.environ else 25
"""Of so many cases at the limits of values, one is asked, drawn by the seed."""

PHASES = ("examples", "coverage", "fuzzing", "stateful")
PARTS = {"examples": 1, "coverage": 6, "fuzzing": 2, "stateful": 1}
"""Into how many tests each phase is split, so that they can run beside each other."""

HERD = "name;group;collar;from\nBlanchette;primipares;c-100;01/05/2026 08:00\n"
ROWS = [
    {"date": str(datetime(2026, 5, 1) + step * timedelta(hours=12)), "ratio_debout": step / 20}  # noqa: DTZ001 - as sent
    for step in range(12)
]
TABLE = "date,ratio_debout\n" + "".join(f"{row['date']},{row['ratio_debout']}\n" for row in ROWS)

schemathesis.openapi.format("animov-name", st.from_regex(r"\A[A-Za-z][A-Za-z0-9 é'-]{0,40}[A-Za-z]\Z"))
schemathesis.openapi.format("animov-regressor", st.sampled_from(sorted(WEATHER)))
schemathesis.openapi.format("animov-cursor", st.text(max_size=9))
schemathesis.openapi.format("animov-herd-list", st.just(HERD))
schemathesis.openapi.media_type("application/octet-stream", st.just(HERD.encode()))
schemathesis.openapi.format("iana-time-zone", st.sampled_from(["UTC", "Europe/Paris", "America/New_York"]))


@schemathesis.serializer("text/csv")
def _as_text(_context, value):
    return value.encode() if isinstance(value, str) else json.dumps(value).encode()


WORKER = """
CREATE FUNCTION work_at_once() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
DECLARE
  number integer := (NEW.args ->> 'training_id')::integer;
BEGIN
  INSERT INTO training_artefact (training_id, name, content)
  SELECT number, 'forecast.csv', convert_to(string_agg(
      CASE WHEN place = 1 THEN
        'date,ratio_debout,mean,lower80,upper80,lower95,upper95,baseline_persistence,baseline_mean,'
        'baseline_seasonal_naive,baseline_mean_14d'
      ELSE split_part(line, ',', 1) || repeat(',0.5', 10) END, E'\\n' ORDER BY place), 'UTF8')
  FROM training_artefact, regexp_split_to_table(rtrim(convert_from(content, 'UTF8'), E'\\n'), E'\\n')
    WITH ORDINALITY AS lines (line, place)
  WHERE training_id = number AND name = 'input.csv' HAVING count(*) > 0;
  UPDATE training SET state = 'done', progress = 1, started_at = asked_at, finished_at = asked_at,
    model_id = (SELECT min(id) FROM model),
    metrics = (SELECT metrics FROM training done WHERE done.kind = training.kind AND done.metrics <> '{}' LIMIT 1)
  WHERE id = number AND kind IN ('train', 'predict');
  RETURN NULL;
END $$;
CREATE TRIGGER work_at_once AFTER INSERT ON procrastinate_jobs FOR EACH ROW
WHEN (NEW.task_name IN ('model.train', 'model.predict')) EXECUTE FUNCTION work_at_once();
"""
"""A worker of the database itself: what is asked for is done when it has been asked for, so nobody waits."""


@pytest.fixture
def ids(own_database):
    """Ids of a farm of which there is everything, by the names that paths give them."""
    _, yard = own_database
    ids = {"farm": yard.farm, "group": yard.groups["young"], "animal": yard.animals["ada"], "alert": yard.alert}
    return ids | yard.facts


@pytest.fixture
def own_app(own_database, signing_key, hasher):
    """The API on a database that it may turn over."""
    url, _ = own_database
    owner = database.engine_for(url)
    with owner.begin() as connection:
        connection.exec_driver_sql(WORKER)
    owner.dispose()
    engine = database.engine_for(database.as_role(url, "animov_api"))
    yield create_app(engine=engine, signing_key=signing_key, hasher=hasher, live_s=0.05)
    engine.dispose()


@pytest.fixture
def client(own_app):
    with TestClient(own_app) as made:
        yield made


@pytest.fixture
def token(own_database, client, hasher, password):
    """Log a new platform administrator in, and return the token."""
    url, _ = own_database
    names = (f"fuzzer-{number}" for number in count())
    engine = database.engine_for(url)

    def log_in():
        name = next(names)
        with engine.begin() as connection:
            users.create_user(connection, name, hasher.hash(password), platform=True)
        return client.post("/v1/login", json={"username": name, "password": password}).json()["access_token"]

    yield log_in
    engine.dispose()


@pytest.fixture
def login(token):
    class Login:
        """Logs somebody new in whenever a token is wanted: what ends a login ends the last one only."""

        def get(self, _case, _context):
            return token()

        def set(self, case, data, _context):
            case.headers = {**(case.headers or {}), "x-access-tokens": data}

    return Login


class Fitting:
    """Puts into cases that are to be accepted what no schema can tell."""

    def __init__(self, client, token):
        self._client, self._headers = client, {"x-access-tokens": token}

    def __call__(self, _context, case):
        """Return the case as it is to be asked."""
        if case.meta is None or not case.meta.generation.mode.is_negative:
            self._fit_query(case)
            fitting = fitting_body(case.operation.path, case.body)
            if fitting is not case.body:
                case.body = fitting
        return case

    def _fit_query(self, case):
        if case.operation.path in {"/train", "/predict", "/rmse"}:
            case.query.setdefault("farm", "barn")
        if {"from", "to"} <= case.query.keys() and instant(case.query["from"]) > instant(case.query["to"]):
            case.query |= {"from": case.query["to"], "to": case.query["from"]}
        if "cursor" in case.query:
            kept = {name: value for name, value in case.query.items() if name not in {"cursor", "fields"}}
            asked = {**kept, "limit": 1, "format": "json"}
            answer = self._client.get(case.formatted_path, params=asked, headers=self._headers)
            following = answer.json().get("next")
            case.query.pop("cursor")
            if following is not None:
                case.query["cursor"] = following


def instant(told):
    """Return an edge of a span, day or instant, such that they can be compared, at the ends of the calendar too."""
    edge = datetime.fromisoformat(told)
    return (edge if edge.tzinfo else edge.replace(tzinfo=UTC)).timestamp()


def fitting_body(path, body):
    """Return a body with tables where only texts are."""
    if body is NOT_SET:
        return body
    if path in {"/train", "/predict"}:
        return {**body, "data": ROWS} if isinstance(body, dict) else ROWS
    if path.endswith("/trainings") and isinstance(body.get("file"), dict):
        table = {"rows": ROWS} if body["file"].get("rows") is not None else {"csv": TABLE}
        rest = {name: value for name, value in body["file"].items() if name not in {"csv", "rows"}}
        return {**body, "file": {**rest, "zone": "UTC", **table}, "regressors": None}  # the table has none
    if path.endswith("/herd"):
        return HERD.encode() if isinstance(body, bytes) else HERD
    return body


def drawn():
    """Return a filter that draws one of so many cases at the limits of values."""
    seen = Counter()

    def is_drawn(_context, case):
        if case.meta.phase.name is not TestPhase.COVERAGE:
            return True
        label = case.operation.label
        seen[label] += 1
        return crc32(f"{SEED} {label} {seen[label]}".encode()) % ONE_OF == 0

    return is_drawn


def configured(phase, ids):
    """Half of the ids of paths are of things that are there."""
    return SchemathesisConfig.from_dict(
        {
            "seed": SEED,
            "request-timeout": 60,  # on a machine full of tests the first Parquet takes more than the usual 10 seconds
            "suppress-health-check": ["too_slow"],
            "continue-on-failure": True,
            "generation": {"max-examples": EXAMPLES, "database": "none"},
            "phases": {name: {"enabled": name == phase} for name in PHASES},
            "dictionaries": {name: {"values": [value]} for name, value in ids.items()},
            "parameters": {f"path.{name}": {"dictionary": name, "probability": 0.5} for name in ids}
            | {"query.farm": {"dictionary": "farm"}, "body.group": {"dictionary": "group"}},
        }
    )


@pytest.mark.parametrize(("phase", "part"), [(phase, part) for phase in PHASES for part in range(PARTS[phase])])
def test_every_answer_is_as_described(own_app, client, token, login, ids, phase, part):
    schema = schemathesis.openapi.from_dict(own_app.openapi(), config=configured(phase, ids))
    schema = schema.include(lambda context: crc32(context.operation.path.encode()) % PARTS[phase] == part)
    schema.app = own_app
    schema.auth()(login)
    fitting = Fitting(client, token())
    schema.hook("map_case")(fitting)
    schema.hook("before_add_examples")(lambda context, examples: [fitting(context, case) for case in examples])
    schema.hook("filter_case")(drawn())

    found, asked = {}, 0
    with capture_logs() as told_by_the_server:  # to show a traceback takes a second
        events = list(from_schema(schema).execute())
    for event in events:
        if isinstance(event, FatalError):
            found["fatal"] = "".join(format_exception(event.exception))
        elif isinstance(event, NonFatalError):
            found[event.label] = f"{event.label}: {''.join(format_exception(event.value))}"
        elif isinstance(event, ScenarioFinished):
            asked += len(event.recorder.cases)
            found |= dict(failures(event.recorder))
    sys.stdout.write(f"{phase} {part}, seed {SEED}: {asked} cases\n")  # shown by -rP

    assert not found, "\n".join(found.values())
    assert [entry for entry in told_by_the_server if entry["log_level"] == "error"] == []
    assert asked > 20


def failures(recorder):
    """Yield failures, each kind of an operation once."""
    for checks in recorder.checks.values():
        for check in checks:
            if check.failure_info is not None:
                failure = check.failure_info.failure
                told = (check.name, failure.operation, failure.title, failure.message)
                yield told[:3], f"{': '.join(told)}\n{check.failure_info.code_sample}"
