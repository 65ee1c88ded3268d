"""Schemathesis asks every route for its examples, with every check: each answer is as described."""

from itertools import count

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import strategies as st
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import from_schema
from schemathesis.engine.events import FatalError, NonFatalError, ScenarioFinished

from api.app import create_app
from storage import database, users

SEED = 1
EXAMPLES = 3
"""Random cases of each operation, beside those that its description gives and the limits of its values."""

TOLD = ["2xx", "401", "403", "404", "409", "400", "422"]
"""Answers to what the description allows, where only the numbers together can be wrong: too few rows for a model."""

OF_NUMBERS = ("/train", "/predict", "/v1/farms/{farm}/trainings")
PHASES = ("examples", "coverage", "fuzzing", "stateful")
HELD = ("examples",)

schemathesis.openapi.format("animov-name", st.from_regex(r"\A[A-Za-z][A-Za-z0-9 é'-]{0,40}[A-Za-z]\Z"))
schemathesis.openapi.format("animov-axes", st.permutations(["fwd", "up", "right"]).map(",".join))
schemathesis.openapi.format("animov-cursor", st.nothing())
schemathesis.openapi.format("iana-time-zone", st.sampled_from(["UTC", "Europe/Paris", "America/New_York"]))


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
    engine = database.engine_for(database.as_role(url, "animov_api"))
    yield create_app(engine=engine, signing_key=signing_key, hasher=hasher, live_s=0.05)
    engine.dispose()


@pytest.fixture
def log_in(own_database, own_app, hasher, password):
    url, _ = own_database
    names = (f"fuzzer-{number}" for number in count())
    engine = database.engine_for(url)

    def make():
        name = next(names)
        with engine.begin() as connection:
            users.create_user(connection, name, hasher.hash(password), platform=True)
        return name

    class Login:
        """Logs a new platform administrator in whenever a token is wanted: what ends a login ends the last one only."""

        def get(self, _case, _context):
            body = {"username": make(), "password": password}
            return client.post("/v1/login", json=body).json()["access_token"]

        def set(self, case, data, _context):
            case.headers = {**(case.headers or {}), "x-access-tokens": data}

    with TestClient(own_app) as client:
        yield Login
    engine.dispose()


def configured(phase, ids):
    """Half of the ids of paths are of things that are there."""
    return SchemathesisConfig.from_dict(
        {
            "seed": SEED,
            "generation": {"max-examples": EXAMPLES, "database": "none"},
            "phases": {name: {"enabled": name == phase} for name in PHASES},
            "operations": [
                {"include-path": path, "checks": {"positive_data_acceptance": {"expected-statuses": TOLD}}}
                for path in OF_NUMBERS
            ],
            "dictionaries": {name: {"values": [value]} for name, value in ids.items()},
            "parameters": {f"path.{name}": {"dictionary": name, "probability": 0.5} for name in ids}
            | {"query.farm": {"dictionary": "farm"}, "body.group": {"dictionary": "group"}},
        }
    )


@pytest.mark.parametrize("phase", HELD)
def test_every_answer_is_as_described(own_app, ids, log_in, phase):
    schema = schemathesis.openapi.from_dict(own_app.openapi(), config=configured(phase, ids))
    schema.app = own_app
    schema.auth()(log_in)

    found, asked = [], 0
    for event in from_schema(schema).execute():
        if isinstance(event, FatalError | NonFatalError):
            found.append(repr(event.exception if isinstance(event, FatalError) else event.info))
        elif isinstance(event, ScenarioFinished):
            asked += len(event.recorder.cases)
            found += failures(event.recorder)

    assert not found, "\n".join(found)
    assert asked > 50


def failures(recorder):
    for checks in recorder.checks.values():
        for check in checks:
            if check.failure_info is not None:
                failure = check.failure_info.failure
                told = (check.name, failure.operation, failure.title, failure.message)
                yield f"{': '.join(told)}\n{check.failure_info.code_sample}"
