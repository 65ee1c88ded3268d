"""A model's life on a real database and a real MLflow: trained, logged, compared, promoted, rolled back."""

import asyncio
import json
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from core.clock import NodeClock
from core.errors import AnimovError
from core.settings import Settings
from core.timeline import BUCKET
from forecast.cancelling import CancelledError, stop_if_cancelled
from forecast.life import work
from forecast.life.jobs import TRACK, offer_model_jobs
from forecast.life.promotion import held_out
from forecast.life.registry import MODEL, open_registry, tracking_uri
from forecast.life.subjects import INPUT_CSV, series_named
from forecast.life.tracking import CYCLES, TRAININGS, track
from forecast.life.wanted import Wanted
from forecast.life.work import do_work
from forecast.rolling.cycle import run_cycle
from forecast.specification import Specification
from storage.engine import clocks, queue
from storage.engine.faults import TransientFaultError
from storage.herds import herd
from storage.modelling import aliases, models, trainings
from storage.modelling.models import Subject

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # MLflow's own, of SQLAlchemy
]

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 5, 20, 12, tzinfo=UTC)
DAYS = 9
QUICK = {"order": (1, 0, 0), "harmonics": 2}


@pytest.fixture
def farm(engine):
    """A farm of one group of one goat with a rhythm, measured until now; its clock stands still."""
    rng = np.random.default_rng(7)
    with engine.begin() as connection:
        clocks.write(connection, NodeClock(0.0, NOW.timestamp(), 1.0, NOW.timestamp()))
        farm_id = herd.ensure_farm(connection, "barn")
        animal = herd.ensure_animal(connection, farm_id, "Brune")
        collar = herd._ensure(connection, "collar", farm_id, "tag")
        herd.move(connection, animal, herd.ensure_group(connection, farm_id, "dairy"))
        herd.assign(connection, collar, animal)
        rows = []
        for step in range(DAYS * 96):
            share = 0.5 + 0.3 * np.sin(step / 96 * 2 * np.pi) + rng.normal(0, 0.05)
            standing = int(900 * min(1.0, max(0.0, share)))
            at = NOW - (DAYS * 96 - step) * BUCKET
            rows.append({"animal": animal, "bucket": at, "standing": standing, "ratio": standing / 900})
        connection.execute(
            text(
                """INSERT INTO stored_window
                  (animal_id, bucket, received_s, known_s, standing_s, standing_ratio, standing, known)
                SELECT :animal, :bucket, 900, 900, :standing, :ratio, nothing, nothing
                FROM (SELECT repeat('0', 900)::bit(900) AS nothing) n"""
            ),
            rows,
        )
    return farm_id


@pytest.fixture
def group(engine, farm):
    with engine.begin() as connection:
        return Subject(farm, series_named(connection, farm, "dairy").id)


def ratio_file(days=7, step=timedelta(minutes=15), seed=1):
    """A CSV of a rhythm, as a user uploads it."""
    rng, per_day = np.random.default_rng(seed), timedelta(days=1) // step
    values = 0.5 + 0.3 * np.sin(np.arange(days * per_day) / per_day * 2 * np.pi)
    values = np.clip(values + rng.normal(0, 0.05, len(values)), 0, 1)
    rows = [f"{datetime(2026, 5, 1) + i * step},{value:.4f}" for i, value in enumerate(values)]  # noqa: DTZ001
    return "\n".join(["date,ratio_debout", *rows]).encode()


def asked(engine, subject, wanted, *, file=None):
    with engine.begin() as connection:
        number = trainings.ask(connection, "train", subject, wanted.to_json(), requested_by="test", at=NOW)
        if file is not None:
            trainings.keep(connection, number, INPUT_CSV, file)
    return number


def trained(engine, subject, *, file=None, **wanted):
    return do_work(engine, asked(engine, subject, Wanted(**QUICK | wanted), file=file), history_days=21)


def test_the_preset_trains_logs_and_names_all_as_the_first_animov_did(engine, farm, mlflow_settings):
    subject = Subject(farm, None, "ratios")
    work = trained(engine, subject, file=ratio_file(), preset="first-animov", zone="Europe/Paris")
    told = track(engine, mlflow_settings, NOW)

    assert (work.state, work.progress, told.waiting, told.fault) == ("done", 1, 0, "")
    client = open_registry(mlflow_settings).client
    experiment = client.get_experiment_by_name(TRAININGS).experiment_id
    (run,) = client.search_runs([experiment])
    assert run.data.params == {
        "order": "(1, 0, 0)",
        "seasonal_order": "(0, 0, 0, 0)",
        "num_data_points": str(7 * 96),
        "num_days_train": "5",
        "num_days_test": "2",
    }
    assert set(run.data.metrics) == {"train_rmse", "validation_rmse"}
    assert 0.04 < run.data.metrics["train_rmse"] < 0.07
    assert 0.04 < run.data.metrics["validation_rmse"] < 0.07
    names = {file.path for file in client.list_artifacts(run.info.run_id)}
    assert names == {"model", "plot.png", "test.csv", "train.csv"}
    assert not list(Path(mlflow_settings.data_dir).rglob("*.pkl"))
    assert client.get_registered_model(MODEL).aliases == {"champion": 1, f"champion-{subject.key}": 1}
    with engine.begin() as connection:
        assert trainings.artefact(connection, work.id, "plot.png").startswith(b"\x89PNG")
        assert trainings.artefact(connection, work.id, "test.csv").count(b"\n") == 193
        assert models.holder(connection, subject, "champion").id == work.model_id

    loaded = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", LOADING, tracking_uri(mlflow_settings), f"models:/{MODEL}@champion"],
        capture_output=True, text=True, check=True, cwd="/", timeout=200,
    )  # fmt: skip
    answer = json.loads(loaded.stdout.splitlines()[-1])
    with engine.begin() as connection:
        table = trainings.artefact(connection, work.id, "test.csv").decode().splitlines()[1:]
    truth = np.array([float(row.split(",")[1]) for row in table])
    assert answer["dates"] == [row.split(",")[0] for row in table]
    rmse = float(np.sqrt(np.mean((np.array(answer["mean"]) - truth) ** 2)))
    assert rmse == pytest.approx(work.metrics["validation_rmse"], abs=1e-12)
    assert "artefacts" in answer["code"]
    assert answer["again"] == answer["mean"]


LOADING = """
import json, os, sys
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
import mlflow, pandas
mlflow.set_tracking_uri(sys.argv[1])
model = mlflow.pyfunc.load_model(sys.argv[2])
made = model.predict(pandas.DataFrame())
wrapped = model.unwrap_python_model()
again = model.predict(pandas.read_csv(wrapped.trained_on))
import forecast.model.predicting
print(json.dumps({"mean": list(made["mean"]), "again": list(again["mean"]), "code": forecast.model.predicting.__file__,
                  "dates": [date.isoformat() for date in made["date"]]}))
"""


def test_a_logged_model_looks_at_the_columns_of_its_file(engine, farm, mlflow_settings):
    subject = Subject(farm, None, "warm")
    trained(engine, subject, file=warm_file(), regressors=("warmth",), future=("warmth=day",), history_days=4)
    assert not track(engine, mlflow_settings, NOW).fault

    loaded = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", WARM, tracking_uri(mlflow_settings), f"models:/{MODEL}@champion"],
        capture_output=True, text=True, check=True, cwd="/", timeout=200,
    )  # fmt: skip

    answer = json.loads(loaded.stdout.splitlines()[-1])
    assert answer["own"] == answer["given"] == answer["by_rule"]
    assert len(answer["own"]) == 48
    assert answer["warmer"] != answer["own"][:12]
    assert len(answer["warmer"]) == 12
    assert "warmth" in answer["without"]


WARM = """
import json, os, sys
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
import mlflow, pandas
mlflow.set_tracking_uri(sys.argv[1])
model = mlflow.pyfunc.load_model(sys.argv[2])
kept = pandas.read_csv(model.unwrap_python_model().trained_on)
past = kept[kept["ratio_debout"].notna()]
ahead = kept[kept["ratio_debout"].isna()][:12].assign(warmth=3.0)
try:
    model.predict(past[["date", "ratio_debout"]])
except Exception as error:
    refused = str(error)
frames = {"own": pandas.DataFrame(), "given": kept, "by_rule": past, "warmer": pandas.concat([past, ahead])}
print(json.dumps({name: list(model.predict(frame)["mean"]) for name, frame in frames.items()} | {"without": refused}))
"""


def test_a_group_gets_a_challenger_that_must_win(engine, group, mlflow_settings):
    """A rhythm of the day against none: the first wins by far, and then the other loses."""
    flat = trained(engine, group, harmonics=0)
    with engine.begin() as connection:
        assert models.holder(connection, group, "challenger").id == flat.model_id
        aliases.point(connection, group, "champion", flat.model_id, why="order", at=NOW)
    rhythm = trained(engine, group)
    promoted = judged(engine, group, "promote", {"model": rhythm.model_id})
    again = judged(engine, group, "promote", {"model": flat.model_id})

    assert (promoted.metrics["wins"], promoted.metrics["promoted"]) == (True, True)
    assert promoted.metrics["evidence"]["p_value"] < 0.05
    assert again.metrics["wins"] is False
    assert again.metrics["evidence"]["champion"] == rhythm.model_id
    with engine.begin() as connection:
        changes = [(c.alias, c.from_model, c.to_model, c.why) for c in aliases.changes_of(connection, group)]
        won = aliases.changes_of(connection, group)[-2]
        assert json.loads(models.champions(connection, group.farm_id)[group.series_id])["harmonics"] == 2
        aliases.roll_back(connection, group, at=NOW)
        assert models.holder(connection, group, "champion").id == flat.model_id
    assert changes[-2:] == [
        ("champion", flat.model_id, rhythm.model_id, "won"),
        ("challenger", rhythm.model_id, None, "won"),
    ]
    assert won.evidence["test"].startswith("Diebold-Mariano")
    told = track(engine, mlflow_settings, NOW)
    client = open_registry(mlflow_settings).client
    assert (told.waiting, told.fault) == (0, "")
    by_alias = client.get_model_version_by_alias(MODEL, f"champion-{group.key}")
    assert by_alias.tags["animov.model"] == str(flat.model_id)
    assert f"challenger-{group.key}" not in client.get_registered_model(MODEL).aliases


def judged(engine, subject, kind, request):
    with engine.begin() as connection:
        number = trainings.ask(connection, kind, subject, request, requested_by="test", at=NOW)
    return do_work(engine, number, history_days=5)


@pytest.mark.parametrize("reigned", [True, False])
def test_a_champion_appointed_during_the_comparison_stays(engine, group, monkeypatch, reigned):
    """The one that was compared is a model, or the default of the farm."""
    flat, other, rhythm = (trained(engine, group, harmonics=count).model_id for count in (0, 1, 2))
    with engine.begin() as connection:
        aliases.point(connection, group, "champion", flat, why="order", at=NOW)
        if not reigned:
            aliases.roll_back(connection, group, at=NOW)
    monkeypatch.setattr("forecast.choosing.verdicts.LEVEL", 2.0)  # wins in any case

    def appointed_meanwhile(*args):
        with engine.begin() as connection:
            aliases.point(connection, group, "champion", other, why="order", at=NOW)
        return held_out(*args)

    monkeypatch.setattr("forecast.life.work.held_out", appointed_meanwhile)
    work = judged(engine, group, "promote", {"model": rhythm})

    assert (work.state, work.metrics["wins"], work.metrics["promoted"]) == ("done", True, False)
    evidence = work.metrics["evidence"]
    assert (evidence["champion"], evidence["overtaken_by"]) == (flat if reigned else None, other)
    with engine.begin() as connection:
        assert models.holder(connection, group, "champion").id == other
        assert [change.why for change in aliases.changes_of(connection, group)].count("won") == 0


@pytest.mark.parametrize("kind", ["test", "compare", "promote"])
@pytest.mark.parametrize("role", ["model", "against"])
def test_a_model_of_another_series_is_not_judged(engine, farm, group, kind, role):
    with engine.begin() as connection:
        herd_series = Subject(farm, series_named(connection, farm, "").id)
        told = {"specification": Specification().to_json(), "parameters": {}, "training_id": None, "now": NOW}
        own, others = (models.ensure_model(connection, subject, digest="x", **told) for subject in (group, herd_series))

    with pytest.raises(AnimovError, match=f"model {others} is of another series"):
        judged(engine, group, kind, {"model": own} | {role: others})

    with engine.begin() as connection:
        assert trainings.newest(connection, farm, 1)[0].state == "failed"
        assert models.champions(connection, farm) == {}


def test_what_was_not_written_for_people_is_told_by_the_log_alone(engine, group, monkeypatch):
    def broken(*_):
        raise RuntimeError("a secret path")

    number = asked(engine, group, Wanted(**QUICK))
    monkeypatch.setattr("forecast.life.work.files_of", broken)
    with capture_logs() as logged, pytest.raises(RuntimeError):
        do_work(engine, number, history_days=21)

    with engine.begin() as connection:
        work = trainings.find(connection, number)
    assert (work.state, work.error) == ("failed", "RuntimeError")
    assert [(one["event"], str(one["exc_info"])) for one in logged] == [("model.work_broke", "a secret path")]


def test_a_model_is_tested_and_compared_beside_the_default(engine, group):
    made = trained(engine, group)
    tested = judged(engine, group, "test", {"model": made.model_id})
    compared = judged(engine, group, "compare", {"model": made.model_id})

    (alone,) = tested.metrics["models"]
    assert alone["bands"]["all"]["n"] > 0
    assert [one["digest"] for one in compared.metrics["models"]][1] == alone["digest"]
    assert compared.metrics["evidence"]["champion"] is None
    with engine.begin() as connection:
        assert models.holder(connection, group, "champion") is None


def test_a_refit_makes_no_version_and_every_training_a_run(engine, group, mlflow_settings):
    for _ in range(2):
        trained(engine, group)
    track(engine, mlflow_settings, NOW)

    client = open_registry(mlflow_settings).client
    experiment = client.get_experiment_by_name(TRAININGS).experiment_id
    assert len(client.search_runs([experiment])) == 2
    assert len(client.search_model_versions(f"name = '{MODEL}'")) == 1


def warm_file(seed=2, days=24):
    """A CSV of hours that follow a warmth which no clock foretells."""
    warmth = np.repeat(np.random.default_rng(seed).normal(0, 1, days * 4), 6)
    rhythm = 0.5 + 0.1 * np.sin(np.arange(days * 24) / 24 * 2 * np.pi)
    rows = [
        f"{datetime(2026, 5, 1) + timedelta(hours=hour)},{value:.4f},{warm:.4f}"  # noqa: DTZ001
        for hour, (value, warm) in enumerate(zip(np.clip(rhythm + 0.1 * warmth, 0, 1), warmth, strict=True))
    ]
    return "\n".join(["date,ratio_debout,warmth", *rows]).encode()


def test_a_column_of_a_file_is_known_ahead_as_far_as_its_rule_says_all_through_a_models_life(engine, farm):
    subject, file = Subject(farm, None, "warm"), warm_file()
    columns = {"regressors": ("warmth",), "history_days": 4}
    blind = trained(engine, subject, file=file, history_days=4)
    last, known = (
        trained(engine, subject, file=file, future=(f"warmth={rule}",), **columns) for rule in ("last", "known")
    )
    tested = [judged(engine, subject, "test", {"model": one.model_id}) for one in (last, known)]
    promoted = judged(engine, subject, "promote", {"model": known.model_id})
    beaten = judged(engine, subject, "compare", {"model": blind.model_id})

    assert known.metrics["validation_rmse"] < 0.3 * last.metrics["validation_rmse"]
    rmse = [one.metrics["models"][0]["bands"]["all"]["rmse"] for one in tested]
    assert rmse[1] < 0.3 * rmse[0]
    assert (promoted.metrics["wins"], promoted.metrics["evidence"]["champion"]) == (True, blind.model_id)
    assert (beaten.metrics["wins"], beaten.metrics["evidence"]["champion"]) == (False, known.model_id)
    with pytest.raises(AnimovError, match="say what is known ahead of the column 'warmth'"):
        trained(engine, subject, file=file, **columns)


REFUSED = [
    pytest.param(b"", "empty", id="nothing"),
    pytest.param(b"date,ratio_debout\n", "at least two dates", id="no_rows"),
    pytest.param(b"date,ratio_debout\n2026-05-01,0.5\n2026-05-02,0.5\n", "nothing to train on", id="two_rows"),
    pytest.param(b"date,ratio_debout\n2026-05-01,nan\n2026-05-02,nan\n", "not one", id="nan"),
    pytest.param(b"date,ratio_debout\n2026-05-01,0.5\n2026-05-02,x\n", "line 3", id="word"),
    pytest.param(ratio_file(days=3), "can't be trained", id="three_days"),
    pytest.param(b"date\n2026-05-01\n", "ratio_debout", id="no_column"),
]


@pytest.mark.parametrize(("file", "why"), REFUSED)
def test_what_can_not_be_trained_fails_in_a_sentence_that_is_kept(engine, farm, file, why):
    number = asked(engine, Subject(farm, None, "ratios"), Wanted(**QUICK), file=file)

    with pytest.raises(AnimovError, match=why):
        do_work(engine, number, history_days=21)

    with engine.begin() as connection:
        work = trainings.find(connection, number)
        assert connection.execute(text("SELECT count(*) FROM model")).scalar() == 0
    assert (work.state, why in work.error, "\n" in work.error) == ("failed", True, False)


def test_a_series_of_which_nothing_is_known_can_not_be_trained(engine, farm):
    with engine.begin() as connection:
        herd.ensure_group(connection, farm, "empty")
        subject = Subject(farm, series_named(connection, farm, "empty").id)
        with pytest.raises(AnimovError, match="there is no group 'nowhere'"):
            series_named(connection, farm, "nowhere")

    with pytest.raises(AnimovError, match="not one value"):
        trained(engine, subject)


def test_what_nobody_wants_any_longer_ends_and_says_so(engine, group):
    number = asked(engine, group, Wanted(**QUICK))
    with pytest.raises(CancelledError):
        do_work(engine, number, history_days=21, is_cancelled=lambda: True)

    with engine.begin() as connection:
        work = trainings.find(connection, number)
        counts = [connection.execute(text(f"SELECT count(*) FROM {t}")).scalar() for t in ("model", "tracking")]
    assert (work.state, work.model_id, counts) == ("cancelled", None, [0, 0])


def test_cancelled_from_elsewhere_at_the_last_moment_nothing_is_kept(engine, group, monkeypatch):
    number = asked(engine, group, Wanted(**QUICK))

    def cancelled_meanwhile(*_):
        with engine.begin() as connection:
            trainings.cancel(connection, number, at=NOW)
        return {}

    monkeypatch.setattr("forecast.life.work.files_of", cancelled_meanwhile)
    with pytest.raises(CancelledError):
        do_work(engine, number, history_days=21)

    with engine.begin() as connection:
        assert trainings.find(connection, number).state == "cancelled"
        assert connection.execute(text("SELECT count(*) FROM model")).scalar() == 0
    assert do_work(engine, number, history_days=21).state == "cancelled"


def test_what_is_asked_to_end_when_all_is_written_is_done(engine, group, monkeypatch):
    in_time = work._train

    def interrupted_late(*args):
        in_time(*args)
        raise KeyboardInterrupt

    monkeypatch.setattr(work, "_train", interrupted_late)
    assert trained(engine, group).state == "done"


def test_work_waits_untouched_while_somebody_else_is_at_it(engine, group):
    number = asked(engine, group, Wanted(**QUICK))
    with trainings.at_work(engine, number) as held, trainings.at_work(engine, number) as other:
        assert (held is not None, other) == (True, None)
        assert do_work(engine, number, history_days=21).state == "waiting"
        with engine.begin() as connection:
            trainings.begin(connection, number, at=NOW)
            assert trainings.bury(connection, at=NOW) == []

    with engine.begin() as connection:
        assert trainings.bury(connection, at=NOW) == [number]
        work = trainings.find(connection, number)
        assert trainings.bury(connection, at=NOW) == []
    assert (work.state, work.error, work.finished_at) == ("failed", "its process ended", NOW)


ENDLESS = """
import sys
from forecast.life.work import do_work
from storage.engine.database import engine_for

def expected(seconds):
    slow = {"statsmodels", "matplotlib", "mlflow", "pandas"} & sys.modules.keys()
    print(seconds > 0, *slow, flush=True)
    sys.stdin.read()

do_work(engine_for(sys.argv[1]), int(sys.argv[2]), history_days=21, expect=expected)
"""


def test_work_whose_process_is_killed_has_failed_as_soon_as_anybody_looks(engine, group, database_url):
    """It is killed where the expected time is told, which is before anything slow is loaded."""
    number = asked(engine, group, Wanted(**QUICK))
    with subprocess.Popen(
        [sys.executable, "-c", ENDLESS, database_url, str(number)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
    ) as process:  # fmt: skip
        assert process.stdout.readline() == "True\n"
        with engine.begin() as connection:
            assert trainings.find(connection, number).state == "running"
            assert trainings.bury(connection, at=NOW) == []
        process.kill()
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while not trainings.bury(connection, at=NOW):
            assert trainings.find(connection, number).state == "running"  # until the server sees the end of the socket
        assert trainings.find(connection, number).error == "its process ended"


def test_work_that_lost_its_session_ends_and_is_failed_then(engine, group, monkeypatch):
    """As in a restart of the database: every session ends, and whoever asks later gets a new one."""
    number = asked(engine, group, Wanted(**QUICK))

    def restart(_):
        monkeypatch.setattr("forecast.life.watch.TELL_EVERY_S", 0.0)
        others = "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE datname = current_database()"
        with engine.begin() as connection:
            connection.execute(text(f"{others} AND pid <> pg_backend_pid()"))

    with pytest.raises(TransientFaultError):
        do_work(engine, number, history_days=21, expect=restart)

    with engine.begin() as connection:
        assert trainings.find(connection, number).state == "running"
        assert trainings.bury(connection, at=NOW) == [number]


async def test_work_of_a_job_is_begun_again_but_not_for_ever(engine, group, database_url):
    number = asked(engine, group, Wanted(**QUICK))
    with engine.begin() as connection:
        trainings.begin(connection, number, at=NOW)
    async with queue.opened(database_url) as jobs:
        offer_model_jobs(jobs, engine, Settings())
        await jobs.ask("model.train", key=f"model:{number}", lane="training", training_id=number)
    for attempts in range(trainings.RETRIES + 1):
        with engine.begin() as connection:
            connection.execute(text("UPDATE procrastinate_jobs SET attempts = :attempts"), {"attempts": attempts})
            assert trainings.bury(connection, at=NOW) == ([number] if attempts == trainings.RETRIES else [])


def test_a_champion_appointed_while_a_training_is_written_stays(engine, farm):
    """The training finds nobody reigning but must wait for whoever is about to appoint somebody."""
    subject = Subject(farm, None, "ratios")
    told = {"specification": Specification().to_json(), "parameters": {}, "training_id": None, "now": NOW}
    waits = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    with engine.begin() as connection:
        other = models.ensure_model(connection, subject, digest="x", **told)
    with ThreadPoolExecutor(1) as pool:
        with engine.begin() as connection:
            aliases.lock(connection, subject)
            training = pool.submit(trained, engine, subject, file=ratio_file())
            while not connection.execute(text(waits)).scalar():
                assert not training.done()
            aliases.point(connection, subject, "champion", other, why="order", at=NOW)
        made = training.result().model_id
    with engine.begin() as connection:
        assert models.holder(connection, subject, "champion").id == other
        assert models.holder(connection, subject, "challenger").id == made


def test_work_that_died_is_done_again(engine, group):
    number = asked(engine, group, Wanted(**QUICK))
    with engine.begin() as connection:
        trainings.begin(connection, number, at=NOW)

    assert do_work(engine, number, history_days=21).state == "done"


@asynccontextmanager
async def worked(url, engine, settings, lane):
    """A queue with a worker of a lane for the time of the block, and a wait until it has done all it was asked for."""
    done = threading.Event()

    async def all_done():
        await jobs.ask("mark", key="mark", lane=lane, priority=-9)
        assert await asyncio.to_thread(done.wait, 200)

    async with queue.opened(url) as jobs:
        offer_model_jobs(jobs, engine, settings)
        jobs.offer("mark", done.set)
        worker = asyncio.create_task(jobs.work(lane))
        yield jobs, all_done
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)


async def test_each_kind_of_work_is_done_by_a_job(engine, group, database_url, mlflow_settings):
    made = trained(engine, group)
    with engine.begin() as connection:
        requests = {kind: {"model": made.model_id} for kind in ("test", "compare", "promote")}
        requests["train"] = Wanted(**QUICK | {"harmonics": 1}).to_json()
        numbers = {
            kind: trainings.ask(connection, kind, group, request, requested_by="test", at=NOW)
            for kind, request in requests.items()
        }
    settings = mlflow_settings.model_copy(update={"history_days": 5})
    async with worked(database_url, engine, settings, "training") as (jobs, all_done):
        for kind, number in numbers.items():
            await jobs.ask(f"model.{kind}", key=f"model:{number}", lane="training", training_id=number)
        await all_done()

    with engine.begin() as connection:
        assert {trainings.find(connection, number).state for number in numbers.values()} == {"done"}


async def test_a_job_that_waits_and_one_under_way_are_cancelled(
    engine, group, database_url, mlflow_settings, monkeypatch
):
    begun, numbers = threading.Event(), [asked(engine, group, Wanted(**QUICK)) for _ in range(2)]

    def goes_on(*_):
        begun.set()
        while True:
            stop_if_cancelled()

    monkeypatch.setattr("forecast.life.work.files_of", goes_on)
    async with worked(database_url, engine, mlflow_settings, "training") as (jobs, all_done):
        for number in numbers:
            await jobs.ask("model.train", key=f"model:{number}", lane="training", training_id=number)
        assert await asyncio.to_thread(begun.wait, 60)
        for number in reversed(numbers):
            assert await jobs.cancel(f"model:{number}")
        await all_done()

    with engine.begin() as connection:
        assert [trainings.find(connection, number).state for number in numbers] == ["cancelled", "waiting"]
        assert connection.execute(text("SELECT count(*) FROM model")).scalar() == 0


async def test_a_cycle_ends_in_one_run_with_its_table(engine, group, database_url, mlflow_settings):
    assert run_cycle(engine, group.farm_id, NOW, history_days=5) == 2
    assert run_cycle(engine, group.farm_id, NOW, history_days=5) == 0
    async with worked(database_url, engine, mlflow_settings, "background") as (jobs, all_done):
        await jobs.ask(TRACK, key=TRACK)
        await all_done()

    client = open_registry(mlflow_settings).client
    (run,) = client.search_runs([client.get_experiment_by_name(CYCLES).experiment_id])
    assert run.data.metrics["series"] == 2
    assert [file.path for file in client.list_artifacts(run.info.run_id)] == ["series.csv"]


def test_expected_time_is_told_before_the_start(engine, group):
    told = []
    work = do_work(engine, asked(engine, group, Wanted(**QUICK)), history_days=21, expect=told.append)

    assert len(told) == 1
    assert told[0] > 0
    assert work.expected_s == pytest.approx(told[0], rel=1e-6)


def test_a_model_that_was_selected_without_a_training_is_a_version_too(engine, group, mlflow_settings):
    with engine.begin() as connection:
        selected = models.ensure_model(
            connection, group, specification=Specification().to_json(), digest="x", parameters={}, training_id=None,
            now=NOW,
        )  # fmt: skip
        aliases.point(connection, group, "champion", selected, why="reselection", at=NOW)

    assert track(engine, mlflow_settings, NOW) == (1, 0, "")
    version = open_registry(mlflow_settings).client.get_model_version_by_alias(MODEL, f"champion-{group.key}")
    assert version.tags["animov.model"] == str(selected)
    assert version.tags["animov.why"] == "reselection"
