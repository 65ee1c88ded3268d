"""Models by HTTP: a training asked for, followed, judged; who reigns; what a manager may and a viewer may not."""

import asyncio
import csv
import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from core.settings import Settings
from core.timeline import bucket_start
from forecast.life.jobs import offer_model_jobs
from forecast.life.wanted import Wanted
from storage.engine import database, queue
from storage.modelling import models, trainings
from storage.modelling.work_ends import listening

ROWS = [
    {"date": f"2026-05-{day:02} {hour:02}:00", "ratio_debout": (hour % 7) / 8}
    for day in range(1, 9)
    for hour in range(24)
]
FILE = {"name": "hours", "rows": ROWS, "zone": "Europe/Paris"}
QUICK = {"order": [1, 0, 0], "harmonics": 1}


@pytest.fixture
def manager(client, headers_of, yards):
    """Ask something as a manager of the farm `barn`."""
    headers = headers_of("barn-manager")
    return lambda method, path, body=None: client.request(method, path, json=body, headers=headers)


@pytest.fixture
def do_work(database_url, engine, tmp_path):
    """Let a worker do what was asked for until work has ended."""
    ended = "SELECT finished_at IS NOT NULL FROM training WHERE id = :id"

    async def work(number):
        async with queue.opened(database.as_role(database_url, "animov_app")) as jobs:
            offer_model_jobs(jobs, engine, Settings(data_dir=tmp_path))
            lanes = [asyncio.create_task(jobs.work(lane)) for lane in ("training", "answer")]
            async with listening(database_url) as until:
                if not await asyncio.to_thread(_is, engine, ended, number):
                    assert await until(number, 100)
            for lane in lanes:
                lane.cancel()
            await asyncio.gather(*lanes, return_exceptions=True)

    return lambda number: asyncio.run(asyncio.wait_for(work(number), 120))


def _is(engine, query, number):
    with engine.connect() as connection:
        return connection.execute(text(query), {"id": number}).scalar_one()


def test_a_model_goes_on_with_its_series_with_bands(manager, do_work, get):
    made = manager("POST", "/v1/farms/barn/trainings", {"file": {**FILE, "name": "going-on"}, **QUICK}).json()["id"]
    do_work(made)
    model = get(f"/v1/trainings/{made}").json()["model"]
    asked = manager("POST", f"/v1/models/{model}/predictions", {"horizon": 24})
    assert asked.status_code == 201, asked.text
    number = asked.json()["id"]
    do_work(number)
    assert get(f"/v1/trainings/{number}").json()["state"] == "done"
    told = get(f"/v1/trainings/{number}/artefacts/forecast.csv").text
    steps = list(csv.DictReader(StringIO(told)))
    last = datetime.fromisoformat(ROWS[-1]["date"]).replace(tzinfo=ZoneInfo("Europe/Paris"))
    assert [datetime.fromisoformat(step["date"]) for step in steps] == [
        last + timedelta(hours=ahead) for ahead in range(1, 25)
    ]
    for step in steps:
        edges = [float(step[name]) for name in ("lower95", "lower80", "mean", "upper80", "upper95")]
        assert edges == sorted(edges)
        assert edges[0] >= 0
        assert edges[-1] <= 1
    assert get(f"/v1/trainings/{number}/results").status_code == 404  # nothing was held out
    assert manager("POST", f"/v1/models/{model}/predictions", {"horizon": 193}).status_code == 422


def test_a_file_from_its_training_to_a_comparison(manager, do_work, get):
    asked = manager("POST", "/v1/farms/barn/trainings", {"file": FILE, **QUICK})
    assert asked.status_code == 201, asked.text
    number = asked.json()["id"]
    assert asked.headers["Location"] == f"/v1/trainings/{number}"
    assert (asked.json()["state"], asked.json()["requested_by"]) == ("waiting", "barn-manager")
    assert asked.json()["of"] == {"farm": "barn", "kind": "file", "id": None, "name": "hours"}

    do_work(number)
    done = get(f"/v1/trainings/{number}").json()
    assert (done["state"], done["progress"], done["error"]) == ("done", 1, "")
    figures = done["figures"]
    assert figures["validation_rmse"] < figures["validation_rmse_of_baselines"]["mean"]
    assert done["request"]["order"] == [1, 0, 0]
    assert set(done["artefacts"]) == {"forecast.csv", "input.csv", "plot.png", "test.csv", "train.csv"}
    steps = get(f"/v1/trainings/{number}/results").json()["steps"]
    squares = [(step["mean"] - step["truth"]) ** 2 for step in steps]
    assert (sum(squares) / len(squares)) ** 0.5 == pytest.approx(figures["validation_rmse"])
    first = done["model"]
    assert get(f"/v1/models/{first}").json()["aliases"] == ["champion"]
    assert get(f"/v1/models/{first}/plot").content.startswith(b"\x89PNG")

    second_work = manager("POST", "/v1/farms/barn/trainings", {"file": FILE, "order": [0, 0, 0], "harmonics": 0}).json()
    do_work(second_work["id"])
    second = get(f"/v1/trainings/{second_work['id']}").json()["model"]
    compared = manager("POST", f"/v1/models/{second}/compare", {}).json()
    do_work(compared["id"])
    judged = get(f"/v1/trainings/{compared['id']}").json()["judgement"]
    assert (judged["wins"], judged["evidence"]["champion"]) == (False, first)
    assert judged["models"][0]["bands"]["all"]["n"] > 0


def test_who_is_crowned_reigns_until_rolled_back(manager, engine, get, yards):
    first, second = (a_model(engine, yards["barn"].farm_id, name) for name in ("one", "two"))
    crowned = [manager("PUT", f"/v1/models/{model}/champion").json()["aliases"] for model in (first, second)]
    assert crowned == [["champion"], ["champion"]]
    assert get(f"/v1/models/{first}").json()["aliases"] == []

    assert manager("POST", f"/v1/models/{first}/rollback").status_code == 409
    assert manager("POST", f"/v1/models/{second}/rollback").json()["champion"]["id"] == first
    changes = get(f"/v1/models/{first}").json()["changes"]
    assert [change["why"] for change in changes] == ["order", "order", "rollback"]
    listed = [model["id"] for model in get("/v1/farms/barn/models", alias="champion").json()["items"]]
    assert first in listed
    assert second not in listed
    assert manager("POST", f"/v1/models/{first}/compare", {}).status_code == 409


def a_model(engine, farm_id, digest):
    """A model of the series of a file that nothing forecasts."""
    specification = {"order": [1, 0, 0], "seasonal_order": [0, 0, 0, 0], "harmonics": 1, "regressors": []}
    specification |= {"history": 86400.0, "step": 900.0}
    with engine.begin() as connection:
        return models.ensure_model(
            connection,
            models.Subject(farm_id, None, "crowned"),
            specification=json.dumps(specification),
            digest=digest,
            parameters={},
            training_id=None,
            now=bucket_start(1_981_000),
        )


def test_what_waits_is_started_once_and_cancelled_once(manager, engine, get, yards):
    body = {"group": yards["barn"].groups["young"], **QUICK, "start": False}
    number = manager("POST", "/v1/farms/barn/trainings", body).json()["id"]
    jobs = "SELECT count(*) FROM procrastinate_jobs WHERE queueing_lock = 'model:' || :id"
    assert _is(engine, jobs, number) == 0
    started = [manager("POST", f"/v1/trainings/{number}/start").status_code for _ in range(2)]
    assert (started, _is(engine, jobs, number)) == ([200, 200], 1)

    cancelled = [manager("POST", f"/v1/trainings/{number}/cancel") for _ in range(2)]
    assert [answer.status_code for answer in cancelled] == [200, 409]
    assert cancelled[0].json()["state"] == "cancelled"
    assert manager("POST", f"/v1/trainings/{number}/start").status_code == 409
    assert number in [work["id"] for work in get("/v1/farms/barn/trainings", state="cancelled").json()["items"]]


REFUSED = [
    pytest.param({"file": {"name": "x"}}, "one of them", id="nothing"),
    pytest.param({"file": {"name": "x", "csv": "date,ratio\n"}}, "no column 'ratio_debout'", id="column"),
    pytest.param({"file": {"name": "x", "csv": "date,ratio_debout\n2026-05-01,57\n"}}, "percent", id="percent"),
    pytest.param({"file": {**FILE, "zone": "Mars"}}, "time zone", id="zone"),
    pytest.param({"orders": [1, 0, 0]}, "Extra inputs", id="unknown"),
    pytest.param({"regressors": ["nope"]}, "no nope; there are", id="regressor"),
    pytest.param({"file": FILE, "regressors": ["thi"]}, "no thi; there are -", id="column_of_a_file"),
    pytest.param({"order": [13, 0, 0]}, "order.0", id="lags"),
    pytest.param({"order": [1, 3, 0]}, "order.1", id="differences"),
    pytest.param({"seasonal_order": [0, 3, 0, 96]}, "seasonal_order.1", id="seasonal_differences"),
]
CONTRADICTING = [
    pytest.param({"order": [12, 0, 0], "seasonal_order": [1, 0, 0, 12]}, "below the season", id="orders"),
    pytest.param({"seasonal_order": [1, 0, 0, 0]}, "season of at least 2", id="no_season"),
    pytest.param({"weekly_harmonics": 1, "history_days": 7}, "14 days", id="week"),
    pytest.param({"regressors": ["a", "a"]}, "named once", id="twice"),
    pytest.param({"group": 1, "file": FILE}, "a group or of a file", id="both"),
]


@pytest.mark.parametrize(("body", "told"), REFUSED)
def test_what_is_no_training_is_refused_at_once(manager, body, told):
    answer = manager("POST", "/v1/farms/barn/trainings", body)

    assert answer.status_code == 422, answer.text
    assert told in answer.json()["detail"]


HEADER = "date,ratio_debout,temp\n"
IN_FRENCH = [
    pytest.param({"seasonal_order": [1, 0, 0, 0]}, "seasonal_order", "une saison d'au moins 2 pas", id="season"),
    pytest.param({"order": [12, 0, 0], "seasonal_order": [1, 0, 0, 12]}, "order", "saison, 12 pas", id="below"),
    pytest.param({"seasonal_order": [1, 1, 1, 2999]}, "seasonal_order", "3000 états", id="states"),
    pytest.param({"weekly_harmonics": 1, "history_days": 7}, "weekly_harmonics", "14 jours", id="week"),
    pytest.param({"regressors": ["thi", "thi"]}, "regressors", "une seule fois", id="twice"),
    pytest.param({"regressors": ["nope"]}, "regressors", "nope : inconnu", id="unknown"),
    pytest.param({"file": {"name": "x"}}, "file", "l'un des deux", id="neither"),
    pytest.param({"file": {"name": "x", "csv": "", "zone": "Mars"}}, "file.zone", "fuseau", id="zone"),
    pytest.param({"file": {"name": "x", "csv": ""}}, "file.csv", "ligne 1 : le tableau est vide", id="empty"),
    pytest.param({"file": {"name": "x", "csv": "date\n"}}, "file.csv", "ligne 1 : il n'y a pas", id="column"),
    pytest.param(
        {"file": {"name": "x", "csv": f"{HEADER}2026-05-01,57,1\n"}},
        "file.csv",
        "ligne 2, colonne 'ratio_debout' : 57 n'est pas entre 0 et 1 ; s'il s'agit de pourcentages",
        id="percent",
    ),
    pytest.param(
        {"file": {"name": "x", "csv": f"{HEADER}2026-05-01,28.1 %,1\n2026-05-02,0.3,1\n"}},
        "file.csv",
        "ligne 3, colonne 'ratio_debout' : '0.3' n'a pas de signe %",
        id="percent_sign",
    ),
    pytest.param(
        {"file": {"name": "x", "csv": f"{HEADER}2026-05-01,0.5,1\nhier,1,1\n"}},
        "file.csv",
        "ligne 3, colonne 'date' : 'hier' n'est pas une date",
        id="date",
    ),
    pytest.param(
        {"file": {"name": "x", "csv": f"{HEADER}2026-05-01,0.5\n"}}, "file.csv", "ligne 2 : 2 cellules, 3", id="width"
    ),
    pytest.param(
        {"file": {"name": "x", "csv": "date,ratio_debout\n2026-03-29 02:30,1\n", "zone": "Europe/Paris"}},
        "file.csv",
        "l'heure sautée",
        id="skipped",
    ),
    pytest.param(
        {"file": {"name": "x", "rows": [{"date": "2026-05-01", "ratio_debout": 1}, {"date": "2026-04-30"}]}},
        "file.rows.1.ratio_debout",
        "valeur obligatoire",
        id="member",
    ),
    pytest.param(
        {"file": {"name": "x", "rows": [{"date": day, "ratio_debout": 1} for day in ("2026-05-01", "2026-04-30")]}},
        "file.rows.1.date",
        "2026-04-30 n'est pas postérieur",
        id="order_of_rows",
    ),
    pytest.param(
        {"file": {"name": "x", "rows": [{"date": "2026-05-01", "ratio_debout": 1.5}]}},
        "file.rows.0.ratio_debout",
        "1.5 n'est pas entre 0 et 1",
        id="ratio_of_a_row",
    ),
    pytest.param(
        {"file": {"name": "x", "csv": f"{HEADER}2026-05-01,1,1\n"}, "regressors": ["temp"]},
        "file.future",
        "connu à l'avance de la colonne 'temp'",
        id="future",
    ),
    pytest.param(
        {"file": {"name": "x", "csv": f"{HEADER}2026-05-01,1,1\n", "future": ["temp=day"]}},
        "file.future",
        "que `regressors` ne nomme pas",
        id="future_of_nothing",
    ),
    pytest.param(
        {"file": {"name": "x", "csv": HEADER, "future": ["temp"]}}, "file.future.0", "COLONNE=known", id="future_form"
    ),
]


@pytest.mark.parametrize(("body", "field", "told"), IN_FRENCH)
def test_a_training_is_refused_in_french_by_field_and_row(client, headers_of, yards, body, field, told):
    headers = {**headers_of("barn-manager"), "Accept-Language": "fr"}

    answer = client.post("/v1/farms/barn/trainings", json=body, headers=headers)

    assert answer.headers["Content-Language"] == "fr"
    (fault,) = answer.json()["errors"]
    assert fault["field"] == field
    assert told in fault["message"]


@pytest.mark.parametrize(("body", "told"), CONTRADICTING)
def test_values_that_make_no_model_together_are_refused_at_once(manager, body, told):
    answer = manager("POST", "/v1/farms/barn/trainings", body)

    assert answer.status_code == 409, answer.text
    assert told in answer.json()["detail"]


def test_another_farms_group_is_not_there(manager, yards):
    body = {"group": yards["other"].groups["young"]}

    assert manager("POST", "/v1/farms/barn/trainings", body).status_code == 404


def test_a_request_means_to_the_worker_what_it_says(manager, engine):
    wanted = {**QUICK, "seasonal_order": [1, 0, 0, 24], "history_days": 4, "regressors": ["warmth"], "start": False}
    file = {"name": "warm", "csv": "date,ratio_debout,warmth\n2026-05-01,0.5,3\n", "future": ["warmth=day"]}
    number = manager("POST", "/v1/farms/barn/trainings", {"file": file, **wanted}).json()["id"]
    with engine.connect() as connection:
        request = trainings.find(connection, number).request

    assert Wanted.from_json(request) == Wanted(
        order=(1, 0, 0),
        harmonics=1,
        seasonal_order=(1, 0, 0, 24),
        history_days=4,
        regressors=("warmth",),
        future=("warmth=day",),
    )


YEAR = [
    {"date": (datetime(2025, 1, 1, tzinfo=UTC) + step * timedelta(minutes=15)).isoformat(), "ratio_debout": 0.6125}
    for step in range(365 * 96)
]
WIDE = "".join(f"{row['date']},0.6125{',12.345' * 10}\n" for row in YEAR)


@pytest.mark.parametrize(
    "table",
    [
        pytest.param({"rows": YEAR}, id="rows"),
        pytest.param({"csv": f"date,ratio_debout,{','.join('abcdefghij')}\n{WIDE}"}, id="ten_more_columns"),
    ],
)
def test_a_year_of_quarters_of_an_hour_is_taken(manager, engine, table):
    answer = manager("POST", "/v1/farms/barn/trainings", {"file": {"name": "year", **table}, "start": False})

    assert answer.status_code == 201, answer.text
    with engine.connect() as connection:
        kept = trainings.artefact(connection, answer.json()["id"], "input.csv")
    assert kept.count(b"\n") == len(YEAR) + 1


def test_what_is_larger_than_any_series_is_refused(manager):
    file = {"name": "huge", "csv": "date,ratio_debout\n" + " " * 9_000_000}

    assert manager("POST", "/v1/farms/barn/trainings", {"file": file}).status_code == 413
    assert manager("PATCH", "/v1/farms/barn", {"title": " " * 1_100_000}).status_code == 413


def test_a_target_is_seen_from_every_issue(get, yards, last):
    group = yards["barn"].groups["young"]
    seen = get(f"/v1/groups/{group}/targets/{bucket_start(last + 4).strftime('%Y-%m-%dT%H:%M:%SZ')}").json()["seen"]
    issues = get(f"/v1/groups/{group}/forecasts", **{"from": "2026-01-01T00:00:00Z"}).json()["items"]

    assert [(one["step"], one["mean"]) for one in seen] == [(9, pytest.approx(0.258)), (5, pytest.approx(0.254))]
    assert [one["issued_at"] for one in reversed(issues)] == [one["issued_at"] for one in seen]
    assert get(f"/v1/groups/{group}/targets/2026-07-01T12:07:00Z").status_code == 404


def test_weather_is_told_as_issued_and_as_used(get, last):
    hour = bucket_start(last).replace(minute=0)
    used = get("/v1/farms/barn/weather", **{"from": hour.isoformat(), "to": bucket_start(last + 8).isoformat()}).json()
    issued = get("/v1/farms/barn/weather/issued").json()

    assert used["hours"][0]["temperature"] == issued["hours"][0]["temperature"] == 18.5
    assert used["hours"][-1]["temperature"] is None
    assert [one["hours"] for one in get("/v1/farms/barn/weather/issues").json()["items"]] == [1]
