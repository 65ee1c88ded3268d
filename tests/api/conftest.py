"""Two farms with the same names in them, people of every role, and a client of the API."""

import json
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count

import pytest
from fastapi.testclient import TestClient
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import text

from api.app import create_app
from api.health import probe
from core.clock import NodeClock
from core.readings import CollarName
from core.timeline import BUCKET, bucket_start
from forecast.rolling import judging
from storage.access import api_keys, users
from storage.alerting import alerts, findings, notice_channels
from storage.alerting.findings import Finding, Subject
from storage.engine import clocks, database
from storage.forecasting import issuing, weather
from storage.forecasting.weather import Hourly
from storage.herds import devices, herd, herd_facts, journal
from storage.herds.herd import During
from storage.herds.journal import Written
from storage.measurements import series
from storage.modelling import models, trainings
from storage.modelling.models import Subject as ModelSubject
from storage.upkeep import readiness
from tests import databases
from tests.forecasts import issued

KEY = b"0123456789abcdef0123456789abcdef"
PASSWORD = "correct horse battery"
ROLES = ("viewer", "manager", "administrator")
SESSION = "0b6f0e0e-6a52-4a0c-9a0b-1d3a3a3f5d11"  # of nobody
LAST = 1_981_000  # the bucket in which it is now, in 2026
MEAN = [0.25 + step / 1000 for step in range(192)]  # of each forecast
NOW = bucket_start(LAST) + timedelta(minutes=5)
WINDOWS = 12  # the latest of each animal, with every third left out for the second one


@dataclass(frozen=True)
class Yard:
    """Ids of a farm: `groups` and `animals` by name, `facts` by the names that paths give them."""

    farm: str
    farm_id: int
    groups: dict[str, int]
    animals: dict[str, int]
    alert: int
    facts: dict[str, int]


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    """A database of a machine full of tests is not away because it took longer than a second to say how it is."""
    monkeypatch.setattr(probe, "WITHIN_S", 60)
    monkeypatch.setattr(readiness, "_PATIENCE_MS", 60_000)
    monkeypatch.setitem(readiness._LIVELY, "connect_timeout", 60)


@pytest.fixture(scope="module")
def signing_key():
    """What signs the tokens of these tests."""
    return KEY


@pytest.fixture(scope="module")
def password():
    """Everybody's password."""
    return PASSWORD


@pytest.fixture(scope="module")
def last():
    """Number of the bucket in which it is now."""
    return LAST


class CountingHasher(PasswordHash):
    """Counts how often a password is checked."""

    checks = 0

    def verify_and_update(self, password, hash):  # noqa: A002 - the library's own name
        self.checks += 1
        return super().verify_and_update(password, hash)


@pytest.fixture(scope="module")
def hasher():
    """A hash that costs next to nothing."""
    return CountingHasher((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))


@pytest.fixture(scope="module")
def database_url(server_url, template):
    """URL of one database for all tests of the API, which write nothing that another test reads."""
    with databases.made(server_url, template) as url:
        yield url


@pytest.fixture(scope="module")
def engine(database_url):
    """An engine as the database's owner."""
    with databases.opened(database_url) as made:
        yield made


@pytest.fixture(scope="module")
def yards(engine, hasher):
    """The farms `barn` and `other`; people of each role, such as `barn-viewer`, `nobody` on none, `root` on all."""
    with engine.begin() as connection:
        clocks.write(connection, NodeClock(wall_epoch=0, sim_epoch=0, speed=1, ceiling=NOW.timestamp()))
        hashed = hasher.hash(PASSWORD)
        users.create_user(connection, "nobody", hashed)
        users.create_user(connection, "root", hashed, platform=True)
        return {name: make_yard(connection, name, hashed) for name in ("barn", "other")}


def make_yard(connection, farm, hashed):
    events = '[{"name": "milking", "at": "06:30", "minutes": 60}]'
    farm_id = herd.ensure_farm(connection, farm, title=farm.title(), latitude=45.0, longitude=1.5)
    connection.execute(
        text("UPDATE farm SET events = CAST(:events AS jsonb) WHERE id = :farm"), {"events": events, "farm": farm_id}
    )
    groups = {name: herd.ensure_group(connection, farm_id, name) for name in ("young", "old")}
    animals = {name: herd.ensure_animal(connection, farm_id, name) for name in ("ada", "bea", "cora")}
    for name, animal in animals.items():
        collar = herd.ensure_collar(connection, CollarName(farm, f"c-{name}"))
        herd.assign(connection, collar, animal)
        herd.move(connection, animal, groups["old" if name == "cora" else "young"], During())
    for number, animal in enumerate(animals.values()):
        buckets = [LAST - age for age in range(WINDOWS) if number != 1 or age % 3]
        add_windows(connection, animal, buckets, known_s=600, standing_s=100 * (number + 1))
    for each in series.ensure_series(connection, farm_id):
        issuing.issue(connection, [issued(each.id, LAST - age, MEAN) for age in (0, 4)])
        truth = {bucket_start(LAST - age): 0.5 for age in range(1, 5)}
        judging.hold_against(connection, farm_id, [each.id], {slot: {each.id: ratio} for slot, ratio in truth.items()})
    for number in range(7):
        add_refusal(connection, farm_id, farm, number)
    alert = add_alerts(connection, farm_id, series.ensure_series(connection, farm_id))
    facts = make_facts(connection, farm_id, animals["ada"]) | make_models(connection, farm_id)
    people = {role: users.create_user(connection, f"{farm}-{role}", hashed) for role in ROLES}
    for role, user in people.items():
        users.set_role(connection, user, farm_id, role)
    key, _ = api_keys.make_key(connection, farm_id, "parlour", scopes={"read"}, by="ada", at=NOW)
    told = notice_channels.add_channel(connection, farm_id, "mail", f"{farm}@example.org", "")
    facts |= {"user": people["viewer"], "key": key.id, "channel": told}
    return Yard(farm, farm_id, groups, animals, alert, facts)


@pytest.fixture(scope="module")
def yard_of(engine, yards, hasher):
    """Make a farm like those of `yards`, with people of its own, and return its ids."""

    def make(farm):
        with engine.begin() as connection:
            return make_yard(connection, farm, hasher.hash(PASSWORD))

    return make


@pytest.fixture
def own_database(server_url, template, hasher):
    """URL of a database of a test's own, with a farm in it, and that: `(url, yard)`."""
    with databases.made(server_url, template) as url:
        with databases.opened(url) as engine, engine.begin() as transaction:
            clocks.write(transaction, NodeClock(wall_epoch=0, sim_epoch=0, speed=1, ceiling=NOW.timestamp()))
            yard = make_yard(transaction, "barn", hasher.hash(PASSWORD))
        yield url, yard


@pytest.fixture(scope="module")
def key_of(engine):
    """Make an API key of a farm with scopes, `(yard, *scopes)`, and return the headers that show it."""

    def make(yard, *scopes):
        with engine.begin() as connection:
            name = "-".join(("walk", *scopes))
            _, key = api_keys.make_key(connection, yard.farm_id, name, scopes=set(scopes), by="ada", at=NOW)
        return {"X-API-Key": key}

    return make


@pytest.fixture(scope="module")
def filled():
    """Fill a path with a farm's own ids, `(path, yard)`; a new kind of id fails here, so that no route is forgotten."""

    def fill(path, yard):
        ids = {"farm": yard.farm, "group": yard.groups["young"], "animal": yard.animals["ada"], "alert": yard.alert}
        ids |= {"session": SESSION} | yard.facts
        if path.startswith("/v1/rejected"):
            ids["key"] = (bytes([yard.farm_id, 0]) * 16).hex()
        return path.format_map(ids)

    return fill


def make_facts(connection, farm_id, animal):
    """The collar of an animal, its device, since when it is worn, its group, and what the journal says of it."""
    (worn,) = herd_facts.assignments(connection, farm_id, animal=animal)
    (within,) = herd_facts.memberships(connection, farm_id, animal=animal)
    written = Written("other", NOW, None, "sold", None, animal)
    device = devices.add(connection, farm_id, worn.collar_id, f"tts:tag-of-{farm_id}")
    return {
        "collar": worn.collar_id,
        "device": device.id,
        "assignment": worn.id,
        "membership": within.id,
        "entry": journal.write(connection, farm_id, written, author="ada"),
    }


def make_models(connection, farm_id):
    """A training of a posted series, its model, a prediction by that, weather, and a target that was foretold."""
    subject, figures = ModelSubject(farm_id, None, "first-animov"), {"rows": 1, "by_model": 1, "moved_days": 0}
    errors = dict.fromkeys(("train_rmse", "validation_rmse"), 0.1) | {"parameters": {"ar.L1": 0.5}}
    errors |= dict.fromkeys(("num_data_points", "num_days_train", "num_days_test"), 2)
    specification = {"order": [1, 0, 0], "seasonal_order": [0, 0, 0, 0], "harmonics": 1, "regressors": []}
    specification |= {"history": 86400.0, "step": 900.0}
    made = trainings.ask(connection, "train", subject, {}, requested_by="ada", at=NOW)
    model = models.ensure_model(
        connection,
        subject,
        specification=json.dumps(specification),
        digest="1",
        parameters={"ar.L1": 0.5},
        training_id=made,
        now=NOW,
    )
    asked = {"model": model, "horizon": 0}
    foretold = trainings.ask(connection, "predict", subject, asked, requested_by="ada", at=NOW)
    for number, metrics in ((made, errors), (foretold, figures)):
        trainings.begin(connection, number, at=NOW)
        trainings.finish(connection, number, metrics=metrics, model_id=model, at=NOW)
        for name, content in files_of_work().items():
            trainings.keep(connection, number, name, content)
    hourly = Hourly(bucket_start(LAST).replace(minute=0), *[[18.5]] * 5)
    weather.store(connection, farm_id, bucket_start(LAST - 8), hourly)
    target = bucket_start(LAST + 4).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"training": made, "model": model, "prediction": foretold, "artefact": "forecast.csv", "target": target}


def files_of_work():
    """The files of a training of one step, by name."""
    row = f"{bucket_start(LAST).isoformat()},0.5"
    columns = ["mean", "lower80", "upper80", "lower95", "upper95"]
    columns += [f"baseline_{name}" for name in ("persistence", "mean", "seasonal_naive", "mean_14d")]
    return {
        "input.csv": f"date,ratio_debout,posted\n{row},2026-07-01 12:00\n".encode(),
        "forecast.csv": f"date,ratio_debout,{','.join(columns)}\n{row}{',0.5' * len(columns)}\n".encode(),
        "plot.png": b"\x89PNG",
    }


def add_windows(connection, animal, buckets, *, known_s, standing_s):
    connection.execute(
        text(
            """INSERT INTO stored_window VALUES (:animal, :bucket, :received, :known, :standing, :ratio,
            repeat('0', 900)::bit(900), repeat('0', 900)::bit(900))"""
        ),
        [
            {
                "animal": animal,
                "bucket": bucket_start(bucket),
                "received": known_s + 30,
                "known": known_s,
                "standing": standing_s,
                "ratio": standing_s / known_s,
            }
            for bucket in buckets
        ],
    )


def add_alerts(connection, farm_id, followed):
    """An alert of each series, each a state of its own, and one about the farm; returns the first."""
    made = [findings.add(connection, farm_id, "deviation", found(Subject(series_id=one.id))) for one in followed]
    made.append(
        findings.add(connection, farm_id, "lag", replace(found(Subject()), evidence={}, expected={}, causes=[]))
    )
    alerts.judge(connection, made[1], "dismissed", by="ada", at=NOW, note="visitors")
    findings.end(connection, made[2], "inside", at=NOW)
    return made[0]


def found(subject):
    return Finding(
        subject=subject,
        since=bucket_start(LAST - 8),
        opened_at=bucket_start(LAST - 1),
        last_evidence_at=bucket_start(LAST),
        until=None,
        ended_by="",
        severity="warning",
        evidence={
            "direction": "less",
            "outside": 6,
            "windows": 8,
            "observed": 0.21,
            "quarters": [{"at": bucket_start(LAST - 1).isoformat(), "ratio": None, "mean": 0.5}],
        },
        expected={"mean": 0.55, "lower95": 0.3, "upper95": 0.8},
        causes=[{"code": "rain", "weight": 0.4, "rain_mm": 2.0}],
    )


def add_refusal(connection, farm_id, farm, number):
    connection.execute(
        text(
            """INSERT INTO rejected_message VALUES
            (:key, :farm, :topic, 'future', 'too far ahead', :at, :at, 1, 3, 'abc')"""
        ),
        {
            "key": bytes([farm_id, number]) * 16,
            "farm": farm_id,
            "topic": f"animov/v1/{farm}/c-ada/samples",
            "at": bucket_start(LAST) - (number // 2) * BUCKET,  # two of them at the same instant
        },
    )


@pytest.fixture(scope="module")
def api_engine(database_url):
    """An engine as the API's own role."""
    engine = database.engine_for(database.as_role(database_url, "animov_api"))
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def app(api_engine, hasher):
    """The API on the test's database."""
    return create_app(engine=api_engine, signing_key=KEY, hasher=hasher, live_s=0.05)


@pytest.fixture(scope="module")
def person(engine, yards, hasher):
    """Make a person of one's own, a viewer of the farm `barn`, and return the name."""
    made = count()

    def create():
        name = f"person-{next(made)}"
        with engine.begin() as connection:
            user = users.create_user(connection, name, hasher.hash(PASSWORD))
            users.set_role(connection, user, yards["barn"].farm_id, "viewer")
        return name

    return create


@pytest.fixture(scope="module")
def client(app):
    """A client who has not logged in."""
    with TestClient(app, raise_server_exceptions=False) as made:
        yield made


@pytest.fixture(scope="module")
def headers_of(client, yards):
    """Log a person of `yards` in and return the headers that prove it."""

    def log_in(name):
        answer = client.post("/v1/login", json={"username": name, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}

    return log_in


@pytest.fixture(scope="module")
def as_user(client, headers_of):
    """Log a person in and return a function that gets a path as that person."""

    def log_in(name):
        headers = headers_of(name)

        def get(path, **query):
            return client.get(path, params=query or None, headers=headers)

        return get

    return log_in


@pytest.fixture(scope="module")
def sending(client, headers_of):
    """Log a person in and return a function that sends a request, `(method, path, json)`, as that person."""

    def log_in(name):
        headers = headers_of(name)

        def send(method, path, json=None):
            return client.request(method, path, json=json, headers=headers)

        return send

    return log_in


@pytest.fixture(scope="module")
def get(yards, as_user):
    """Get a path as somebody who may see the farm `barn`."""
    return as_user("barn-viewer")
