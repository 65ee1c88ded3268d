"""The first AniMOV's clients go on working: log in, train, predict, look at errors; refusals are told in French."""

import asyncio
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import jwt
import numpy as np
import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.first import awaiting
from api.first.failures import failure_of
from api.first.messages import PATHS, MessageError
from api.first.posted import rows_of, table_of, written_like
from api.forms.bodies import Limits
from core.clock import NodeClock
from core.errors import AnimovError
from forecast.inputs import History
from forecast.life.ratio_file import step_of
from forecast.life.training import TrainingError, parted
from forecast.regressors.design import RegressorError
from storage.access import users
from storage.engine import clocks, database
from storage.herds import herd
from storage.modelling import aliases, models, trainings
from tests import databases
from tests.nodes import training_worker

PARIS = ZoneInfo("Europe/Paris")
START = datetime(2026, 5, 1)  # noqa: DTZ001 - as clients send it
PASSWORD = "correct horse battery"
KEY = b"0123456789abcdef0123456789abcdef"
RHYTHM = np.random.default_rng(5).normal(0, 0.04, 6 * 96) + 0.5 + 0.3 * np.sin(np.arange(6 * 96) / 96 * 2 * np.pi)


def posted(count=6 * 96, start=START):
    """Rows of a rhythm, as a client posts them."""
    return [
        {"date": str(start + step * timedelta(minutes=15)), "ratio_debout": round(float(np.clip(value, 0, 1)), 4)}
        for step, value in enumerate(RHYTHM[:count])
    ]


@pytest.fixture(scope="module")
def url(server_url, template):
    """A database of this module's own, with three farms and people of one or of two of them."""
    with databases.made(server_url, template) as made:
        yield made


@pytest.fixture(scope="module")
def engine(url, hasher):
    made = database.engine_for(url)
    hashed = hasher.hash(PASSWORD)
    with made.begin() as connection:
        clocks.write(connection, NodeClock(wall_epoch=0, sim_epoch=0, speed=1, ceiling=1_780_000_000))
        farms = [herd.ensure_farm(connection, farm) for farm in ("barn", "other", "remote")]
        for person, role, its in (
            ("marie", "manager", farms[:1]),
            ("vera", "viewer", farms[:1]),
            ("both", "manager", farms[:2]),
            ("paul", "manager", farms[2:]),
        ):
            user = users.create_user(connection, person, hashed)
            for farm in its:
                users.set_role(connection, user, farm, role)
        users.create_user(connection, "nobody", hashed)
    yield made
    made.dispose()


@pytest.fixture(scope="module")
def app(url, engine, hasher):
    as_api = database.engine_for(database.as_role(url, "animov_api"))
    yield create_app(engine=as_api, signing_key=KEY, hasher=hasher)
    as_api.dispose()


@pytest.fixture(scope="module")
def client(app):
    with TestClient(app, raise_server_exceptions=False) as made:
        yield made


@pytest.fixture(scope="module")
def headers(client):
    """Log somebody in, once."""
    known = {}

    def log_in(name="marie"):
        if name not in known:
            known[name] = client.post("/login", json={"username": name, "password": PASSWORD}).json()["token"]
        return {"x-access-tokens": known[name]}

    return log_in


@pytest.fixture(scope="module")
def worker(url, engine, tmp_path_factory):
    """A worker of trainings and answers."""
    with training_worker(url, engine, tmp_path_factory.mktemp("node")):
        yield


@pytest.fixture(scope="module")
def trained(client, headers, worker):
    """What `POST /train` answers, and before it what `POST /predict` does."""
    early = client.post("/predict", json=posted(4), headers=headers())
    return early, client.post("/train", json={"data": posted()}, headers=headers())


def test_a_token_of_half_an_hour_is_had_for_name_and_password(client):
    answer = client.post("/login", json={"username": "marie", "password": PASSWORD})
    claims = jwt_claims(answer.json()["token"])

    assert answer.json().keys() == {"token"}
    assert claims["exp"] - claims["iat"] == 1800


def jwt_claims(token):
    return jwt.decode(token, options={"verify_signature": False})


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[1]", b'{"username": "marie"}', b'{"username": "marie", "password": ""}', b"{"]
)
def test_a_login_without_name_or_password_is_told_so(client, body):
    answer = client.post("/login", content=body, headers={"Content-Type": "application/json"})

    assert (answer.status_code, answer.json()) == (400, {"message": "Nom d'utilisateur ou mot de passe manquant!"})


@pytest.mark.parametrize("name", ["marie", "nobody at all", "a\0b"])
def test_a_wrong_login_is_told_so(client, name):
    answer = client.post("/login", json={"username": name, "password": "wrong"})

    assert (answer.status_code, answer.json()) == (401, {"message": "Authentification échouée!"})


@pytest.mark.parametrize(("method", "path"), [("POST", "/train"), ("POST", "/predict"), ("GET", "/rmse")])
def test_a_missing_and_a_bad_token_are_told_apart(client, headers, method, path):
    missing = client.request(method, path)
    bad = client.request(method, path, headers={"x-access-tokens": "nonsense"})

    assert (missing.status_code, missing.json()) == (401, {"message": "Token manquant!"})
    assert (bad.status_code, bad.json()) == (401, {"message": "Token invalide!"})


def test_bearer_lets_in_like_the_old_header(client, headers):
    bearer = {"Authorization": f"Bearer {headers()['x-access-tokens']}"}

    assert client.get("/rmse", headers=bearer).status_code == client.get("/rmse", headers=headers()).status_code == 200
    assert client.get("/v1/farms", headers=headers()).status_code == 200


def test_without_a_champion_nothing_is_predicted(trained):
    early, _ = trained

    assert early.status_code == 409
    assert early.json().keys() == {"message"}
    assert early.json()["message"].startswith("Aucun modèle champion")


def test_a_training_answers_with_the_forecast_of_the_last_two_days(trained):
    _, answer = trained
    assert answer.status_code == 200, answer.text
    found = answer.json()
    records = json.loads(found["predictions"])

    assert found.keys() == {"predictions", "validation_rmse", "run_id"}
    assert [record["Date"] for record in records] == [row["date"] for row in posted()][-192:]
    assert [record["Index"] for record in records] == list(range(192))
    assert records[0].keys() == {"Index", "Date", "Valeurs"}
    values = np.array([record["Valeurs"] for record in records])
    truth = np.array([row["ratio_debout"] for row in posted()][-192:])
    assert not np.array_equal(values, truth)
    assert np.sqrt(np.mean((values - truth) ** 2)) == pytest.approx(found["validation_rmse"], abs=1e-9)
    assert found["validation_rmse"] < 0.1


def predicted(client, headers, rows, **query):
    answer = client.post("/predict", json=rows, headers=headers(), params=query)
    assert answer.status_code == 200, answer.text
    return json.loads(answer.json()["predictions"])


def test_every_posted_date_is_foretold_without_its_own_ratio(client, headers, trained):
    rows = posted()
    changed = [*rows[:-100], {**rows[-100], "ratio_debout": 0.0}, *rows[-99:]]
    plain, other = (predicted(client, headers, given) for given in (rows, changed))

    assert [record["Date"] for record in plain] == [row["date"] for row in rows]
    assert [record.keys() for record in plain[:1]] == [{"Date", "Valeurs"}]
    assert plain[: len(rows) - 99] == other[: len(rows) - 99]
    assert plain[len(rows) - 99] != other[len(rows) - 99]
    late = np.array([record["Valeurs"] for record in plain])[-288:]
    truth = np.array([row["ratio_debout"] for row in rows])[-288:]
    assert np.sqrt(np.mean((late - truth) ** 2)) < 0.08


def test_three_rows_are_enough_and_more_steps_are_had_for_the_asking(client, headers, trained):
    after = START + timedelta(days=6)
    rows = posted(3, after)
    answer = client.post("/predict", json=rows, headers=headers(), params={"horizon": 4})
    records = json.loads(answer.json()["predictions"])

    assert answer.json()["model_name"] == "SARIMAXModel"
    assert isinstance(answer.json()["model_version"], int)
    assert [record["Date"] for record in records] == [str(after + step * timedelta(minutes=15)) for step in range(7)]
    assert [record["Valeurs"] for record in records] == pytest.approx([0.5 + 0.02 * step for step in range(7)], abs=0.2)


def test_rows_long_after_the_training_go_by_its_rhythm_and_those_before_by_means(client, headers, trained):
    noon = START + timedelta(days=400, hours=6)
    late = client.post("/predict", json=posted(3, noon), headers=headers()).json()
    early = client.post("/predict", json=posted(3, START - timedelta(days=9)), headers=headers()).json()

    assert json.loads(late["predictions"])[0]["Valeurs"] == pytest.approx(0.8, abs=0.12)
    assert "entraînement" in late["remarque"]
    assert json.loads(early["predictions"])[0]["Valeurs"] == 0.5
    assert early["remarque"].startswith("3 valeur(s) sur 3")


def test_the_errors_of_the_models_are_listed_with_the_farms_wall_clock(client, headers, trained):
    (error,) = client.get("/rmse", headers=headers("vera")).json()

    assert error.keys() == {"date", "model_name", "model_version", "rmse"}
    assert error["rmse"] == trained[1].json()["validation_rmse"]
    assert error["date"] == datetime.fromtimestamp(1_780_000_000, PARIS).replace(tzinfo=None).isoformat()


def test_who_prefers_not_to_wait_asks_again(client, headers, trained):
    preferring = headers() | {"Prefer": "wait=5, respond-async"}
    begun = client.post("/predict", json=posted(3), headers=preferring)
    waited = client.post("/predict", json=posted(3), headers=headers())
    later = client.get(begun.headers["Location"], headers=headers())  # within the lane it was asked for first

    assert (begun.status_code, begun.headers["Preference-Applied"]) == (202, "respond-async")
    assert later.status_code == waited.status_code == 200
    assert later.json() == waited.json()
    foreign = client.get("/predict/999999", headers=headers())
    assert (foreign.status_code, foreign.json().keys()) == (404, {"message"})


def test_viewers_predict_and_managers_train(client, headers, trained):
    seen = client.post("/predict", json=posted(3), headers=headers("vera"))
    refused = client.post("/train", json=posted(), headers=headers("vera"))

    assert seen.status_code == 200
    assert (refused.status_code, refused.json().keys()) == (403, {"message"})


def test_which_farm_is_said_by_whoever_has_several(client, headers, trained):
    unsaid = client.get("/rmse", headers=headers("both"))
    said = client.get("/rmse", headers=headers("both"), params={"farm": "other"})
    foreign = client.get("/rmse", headers=headers(), params={"farm": "other"})

    assert (unsaid.status_code, "barn, other" in unsaid.json()["message"]) == (400, True)
    assert (said.status_code, said.json()) == (200, [])
    assert (foreign.status_code, foreign.json().keys()) == (404, {"message"})
    assert client.get("/rmse", headers=headers("nobody")).status_code == 403


ROW = {"date": "2026-05-01 00:00:00", "ratio_debout": 0.5}
WRONG = [
    pytest.param(b"", "Données d'entrée manquantes!", id="empty"),
    pytest.param(b"[]", "Données d'entrée manquantes!", id="no_rows"),
    pytest.param(b'{"data": []}', "Données d'entrée manquantes!", id="no_data"),
    pytest.param(b'{"rows": [1]}', "Données d'entrée manquantes!", id="other_member"),
    pytest.param(b"[[[", "pas du JSON", id="no_json"),
    pytest.param(b"[" * 100_000, "pas du JSON", id="deep"),
    pytest.param([1], "Ligne 1", id="no_object"),
    pytest.param([{"date": "2026-05-01"}], "il manque ratio_debout", id="column_missing"),
    pytest.param([{**ROW, "temperature": 3}], "colonne inconnue 'temperature'", id="column_unknown"),
    pytest.param([{**ROW, "ratio_debout": 57}], "pourcentages", id="percent"),
    pytest.param([{**ROW, "ratio_debout": -0.1}], "entre 0 et 1", id="negative"),
    pytest.param([{**ROW, "ratio_debout": "0.5"}], "doit être un nombre", id="text"),
    pytest.param([{**ROW, "ratio_debout": True}], "doit être un nombre", id="boolean"),
    pytest.param(b'[{"date": "2026-05-01", "ratio_debout": NaN}]', "nombre fini", id="nan"),
    pytest.param(b'[{"date": "2026-05-01", "ratio_debout": 1e999}]', "nombre fini", id="infinite"),
    pytest.param([{**ROW, "ratio_debout": 10**400}], "nombre fini", id="huge"),
    pytest.param([ROW, ROW], "deux fois", id="duplicate"),
    pytest.param([{**ROW, "date": "1er mai"}], "n'est pas une date", id="no_date"),
    pytest.param([{**ROW, "date": 1777593600000}], "n'est pas une date", id="epoch"),
    pytest.param([{**ROW, "date": "9999-12-31 23:59"}], "n'est pas une date", id="far"),
    pytest.param([{**ROW, "date": "2026-03-29 02:30:00"}], "n'existe pas à l'heure de Europe/Paris", id="spring"),
    pytest.param([ROW, {**ROW, "date": "2030-05-01"}], "plus de 800 jours", id="span"),
]


@pytest.mark.parametrize("path", ["/train", "/predict"])
@pytest.mark.parametrize(("body", "told"), WRONG)
def test_bad_input_is_told_in_french(client, headers, path, body, told):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = client.post(path, content=content, headers=headers() | {"Content-Type": "application/json"})

    assert answer.status_code == 400, answer.text
    assert answer.json().keys() == {"message"}
    assert told in answer.json()["message"]


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        pytest.param(posted(4 * 96), "Trop peu de données", id="short"),
        pytest.param([{**row, "ratio_debout": 0.5} for row in posted()], "égaux", id="constant"),
        pytest.param([{**row, "ratio_debout": None} for row in posted()], "Trop peu de données", id="unknown"),
    ],
)
def test_what_can_not_be_trained_on_is_told_in_french(client, headers, rows, told):
    answer = client.post("/train", json=rows, headers=headers())

    assert (answer.status_code, told in answer.json()["message"]) == (400, True)


@pytest.mark.parametrize("query", ["horizon=193", "horizon=-1", "horizon=x", "steps=3"])
def test_a_wrong_parameter_is_told_in_message(client, headers, query):
    answer = client.post(f"/predict?{query}", json=posted(3), headers=headers())

    assert (answer.status_code, answer.json().keys()) == (422, {"message"})


@pytest.mark.parametrize(
    ("method", "path", "sent", "status", "told"),
    [
        pytest.param("POST", "/train", {"content": b" " * 8_400_000}, 413, "8388608 octets", id="body"),
        pytest.param("POST", "/predict", {"headers": {"X": "y" * 40_000}}, 431, "en-têtes", id="head"),
        pytest.param("GET", "/train", {}, 405, "méthode", id="method"),
        pytest.param("GET", "/rmse/1", {}, 404, "adresse", id="path"),
        pytest.param("GET", "/train/x", {}, 422, "training", id="number"),
        pytest.param("POST", "/login?x=1", {}, 422, "x", id="parameter"),
    ],
)
def test_whatever_refuses_tells_it_in_message(client, headers, method, path, sent, status, told):
    """Whether the route itself, what lies around all routes, or the framework does."""
    sent = {**sent, "headers": headers() | sent.get("headers", {}) | {"Accept-Language": "en"}}
    answer = client.request(method, path, **sent)

    assert (answer.status_code, answer.json().keys()) == (status, {"message"}), answer.text
    assert answer.headers["Content-Type"] == "application/json"
    assert told in answer.json()["message"]


def test_a_fault_of_ours_is_told_in_message_too(client, headers, monkeypatch):
    monkeypatch.setattr(trainings, "newest", None)
    answer = client.get("/rmse", headers=headers())

    assert (answer.status_code, answer.json().keys()) == (500, {"message"})
    assert "de notre côté" in answer.json()["message"]


def test_a_body_that_comes_too_slowly_is_told_in_message(engine, url, hasher):
    as_api = database.engine_for(database.as_role(url, "animov_api"))
    app = create_app(engine=as_api, signing_key=KEY, hasher=hasher, limits=Limits(body_s=0.05))
    sent = asyncio.run(answer_to_a_body_that_never_comes(app, "/login"))
    as_api.dispose()

    assert sent[0]["status"] == 408
    assert "n'est pas arrivé" in json.loads(sent[1]["body"])["message"]


async def answer_to_a_body_that_never_comes(app, path):
    sent = []

    async def receive():
        await asyncio.Event().wait()

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http", "http_version": "1.1", "method": "POST", "scheme": "http", "path": path, "raw_path": b"",
        "root_path": "", "query_string": b"", "headers": [], "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2),
    }  # fmt: skip
    await app(scope, receive, send)
    return sent


def test_every_route_of_the_first_animov_is_known_as_one(app):
    paths = [
        path
        for path, methods in app.openapi()["paths"].items()
        for one in methods.values()
        if "first AniMOV" in one["tags"]
    ]

    assert {path.split("/")[1] for path in paths} == PATHS


def test_a_champion_that_looks_at_the_weather_says_so_in_french(client, engine, headers, trained):
    with engine.begin() as connection:
        farm = herd.find_farm(connection, "other")
        specification = {"order": [1, 0, 0], "seasonal_order": [0, 0, 0, 0], "harmonics": 1, "regressors": ["thi"]}
        subject, now = models.Subject(farm, None, "barometer"), datetime.fromtimestamp(1_780_000_000, UTC)
        model = models.ensure_model(
            connection,
            subject,
            specification=json.dumps(specification | {"history": 86400.0, "step": 900.0}),
            digest="1",
            parameters={"ar.L1": 0.5},
            training_id=None,
            now=now,
        )
        aliases.point(connection, subject, "champion", model, why="first", at=now)
    answer = client.post("/predict", json=posted(3), headers=headers("both"), params={"farm": "other"})

    assert (answer.status_code, answer.json().keys()) == (400, {"message"})
    assert "colonne thi, que les lignes envoyées n'ont pas" in answer.json()["message"]


class Failed(NamedTuple):
    """What is read of work that failed."""

    error: str
    id: int = 7


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (RegressorError("the regressor 'daylight' needs the latitude and longitude of the farm"), "pour daylight"),
        (lambda: step_of([START]), "au moins deux dates"),
        (lambda: step_of([START, START + timedelta(minutes=7)]), "0:07:00, ne divise pas un jour"),
        (lambda: parted(gaps(400)), "aucun ratio"),
        (lambda: parted(gaps(400, 0.5)), "rien pour apprendre"),
        (TrainingError("(2,0,1)+6 can't be trained: too few values"), "n'a pas pu être estimé"),
        ("its process ended", "s'est arrêté"),
        ("LinAlgError", "/v1/trainings/7"),
    ],
)
def test_what_a_worker_writes_down_is_told_in_french(error, told):
    """Errors that the forecaster raises itself where that is easily had."""
    if callable(error):
        with pytest.raises(AnimovError) as raised:
            error()
        error = raised.value

    sentence = failure_of(Failed(str(error)))
    assert sentence.startswith("Le calcul a échoué")
    assert told in sentence


def gaps(count, last=np.nan):
    values = np.full(count, np.nan)
    values[-1] = last
    return History(START.replace(tzinfo=UTC), timedelta(minutes=15), values)


def test_nobody_waits_for_ever(client, headers, trained, monkeypatch):
    monkeypatch.setattr(awaiting, "MOST", 0)
    answer = client.post("/predict", json=posted(3), headers=headers())

    assert (answer.status_code, answer.headers["Location"] in answer.json()["message"]) == (503, True)


def test_the_hour_that_comes_twice_is_read_in_its_order_and_comes_back_as_written():
    wall = ["01:45", "02:00", "02:15", "02:30", "02:45", "02:00", "02:15", "02:30", "02:45", "03:00"]
    rows = [{"date": f"2026-10-25 {time}", "ratio_debout": 0.5} for time in wall]
    forwards, backwards = (rows_of(json.dumps(given).encode(), PARIS) for given in (rows, rows[:3]))
    falling = [{"date": f"2026-10-25 0{hour}:00", "ratio_debout": 0.1} for hour in (4, 3, 1)]
    reversed_rows = rows_of(json.dumps(falling).encode(), PARIS)

    first = datetime(2026, 10, 24, 23, 45, tzinfo=UTC)
    assert [row.at for row in forwards] == [first + step * timedelta(minutes=15) for step in range(10)]
    assert [row.written[-5:] for row in forwards] == wall
    assert [row.at.hour for row in reversed_rows] == [23, 2, 3]
    assert backwards == forwards[:3]
    assert written_like(forwards[6].at, "2026-10-25 01:45", PARIS) == "2026-10-25 02:15:00"
    assert written_like(forwards[6].at, "2026-10-25T01:45+02:00", PARIS) == "2026-10-25T03:15:00+02:00"
    assert table_of(forwards).count(b"\n") == 11


def test_dates_with_an_offset_are_instants():
    row = {"date": "2026-03-29T02:30:00+01:00", "ratio_debout": 0.5}
    (found,) = rows_of(json.dumps({"data": [row]}).encode(), PARIS)

    assert found.at == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    with pytest.raises(MessageError, match="deux fois"):
        rows_of(json.dumps([row, {**row, "date": "2026-03-29 01:30:00Z"}]).encode(), PARIS)


SERVER = """
import sys
from api.serving import serve
serve(database_url=sys.argv[1], signing_key=sys.argv[2].encode(), host="127.0.0.1", port=0)
"""

CLIENT = """
import json, sys, urllib.request

def call(method, path, data=None, token=None):
    headers = {"Content-Type": "application/json"}
    if token:
        headers["x-access-tokens"] = token
    body = None if data is None else json.dumps(data).encode()
    request = urllib.request.Request(sys.argv[1] + path, data=body, headers=headers, method=method)
    with urllib.request.urlopen(request, timeout=200) as answer:
        return json.loads(answer.read())

rows = json.load(sys.stdin)
token = call("POST", "/login", {"username": "paul", "password": sys.argv[2]})["token"]
trained = call("POST", "/train", rows, token)
predicted = call("POST", "/predict", {"data": rows[-3:]}, token)
print(json.dumps([trained, json.loads(predicted["predictions"]), call("GET", "/rmse", token=token)]))
"""


def test_a_client_of_the_first_animov_works_with_a_server_of_this_one(url, engine, trained):
    """Plain calls over HTTP, from a process that has nothing of ours."""
    as_api = database.as_role(url, "animov_api")
    with subprocess.Popen(
        [sys.executable, "-c", SERVER, as_api, KEY.decode()],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as server:
        try:
            address = server.stdout.readline().partition("api=")[2].strip()
            done = subprocess.run(
                [sys.executable, "-c", CLIENT, address, PASSWORD],
                input=json.dumps(posted()), capture_output=True, text=True, check=True, timeout=250,
            )  # fmt: skip
        finally:
            server.terminate()
    made, predicted_rows, errors = json.loads(done.stdout)

    assert made["predictions"] == trained[1].json()["predictions"]
    assert [row["Date"] for row in predicted_rows] == [row["date"] for row in posted()[-3:]]
    assert [error["rmse"] for error in errors] == [made["validation_rmse"]]
