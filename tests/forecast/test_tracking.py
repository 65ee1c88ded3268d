"""What MLflow is told: one run for each key, whatever is away, refused or killed in between."""

import csv
import os
import signal
import sys
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from sqlalchemy import text

from core.settings import Settings
from forecast.life.registry import KEY, Run, delete_runs, log_run, open_registry
from forecast.life.tracking import CYCLES, away, track
from forecast.rolling.cycle_record import cycle_payload, with_errors
from storage.engine.database import engine_for, plain_url
from storage.forecasting.forecasts import Issued
from storage.forecasting.slot_scores import SlotScore
from storage.herds import herd
from storage.modelling import tracking

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # MLflow's own, of SQLAlchemy

NOW = datetime(2026, 5, 20, 12, tzinfo=UTC)


@pytest.fixture
def farm(engine):
    with engine.begin() as connection:
        return herd.ensure_farm(connection, "barn")


def put(engine, farm, *slots):
    with engine.begin() as connection:
        for slot in slots:
            payload = {
                "params": {"slot": str(slot)},
                "metrics": {"rmse": 0.1 * slot, "skill": None},
                "rows": [{"series": "dairy", "rmse": 0.1}, {"series": "", "rmse": 0.2}],
            }
            at = NOW + timedelta(minutes=15 * slot)
            tracking.put(connection, "cycle", f"cycle:{farm}:{slot}", payload, farm_id=farm, at=at)


def keys_of(settings):
    """The key of every run of a cycle, as often as it is there."""
    client = open_registry(settings).client
    found = client.get_experiment_by_name(CYCLES)
    runs = [] if found is None else client.search_runs([found.experiment_id], max_results=1000)
    assert {run.info.status for run in runs} <= {"FINISHED"}
    return sorted(run.data.tags[KEY] for run in runs)


def waiting(engine):
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text("SELECT key, attempts, error FROM tracking ORDER BY id"))]


def test_a_cycle_is_one_run_with_its_figures_and_its_table(engine, farm, mlflow_settings):
    put(engine, farm, 1)
    assert track(engine, mlflow_settings, NOW) == (1, 0, "")
    put(engine, farm, 1)
    assert track(engine, mlflow_settings, NOW) == (1, 0, "")

    client = open_registry(mlflow_settings).client
    (run,) = client.search_runs([client.get_experiment_by_name(CYCLES).experiment_id])
    assert (run.data.params, run.data.metrics) == ({"slot": "1"}, {"rmse": 0.1})
    with Path(client.download_artifacts(run.info.run_id, "series.csv")).open(encoding="utf-8") as table:
        assert list(csv.DictReader(table)) == [{"series": "dairy", "rmse": "0.1"}, {"series": "", "rmse": "0.2"}]
    assert run.info.start_time == (NOW + timedelta(minutes=15)).timestamp() * 1000


@pytest.mark.parametrize("uri", ["http://127.0.0.1:9", "postgresql://u:p@127.0.0.1:9/mlflow"])
def test_mlflow_away_delays_and_hinders_nothing(engine, farm, mlflow_settings, monkeypatch, uri):
    """A database that refuses is asked once: MLflow itself would sleep for longer and longer between ten attempts."""
    monkeypatch.setattr("mlflow.store.db.utils.time.sleep", pytest.fail)
    nobody = mlflow_settings.model_copy(update={"mlflow_uri": SecretStr(uri)})
    put(engine, farm, 1, 2)
    told = track(engine, nobody, NOW)
    assert (told.logged, told.waiting) == (0, 2)
    assert told.fault
    monkeypatch.undo()

    assert track(engine, mlflow_settings, NOW) == (2, 0, "")
    assert keys_of(mlflow_settings) == [f"cycle:{farm}:1", f"cycle:{farm}:2"]
    assert waiting(engine) == []


def test_a_corrupt_store_delays_and_hinders_nothing(engine, farm, tmp_path, mlflow_settings):
    broken = Settings(data_dir=tmp_path / "broken")
    (tmp_path / "broken" / "mlflow").mkdir(parents=True)
    (tmp_path / "broken" / "mlflow" / "mlflow.db").write_bytes(b"no database" * 1000)
    put(engine, farm, 1)

    assert "not a database" in track(engine, broken, NOW).fault
    assert track(engine, mlflow_settings, NOW).logged == 1


class DiedError(BaseException):
    """A process ends here."""


FAULTS = ("create_run", "log_batch", "log_artifacts", "set_terminated")


@settings(max_examples=6, suppress_health_check=list(HealthCheck))
@given(
    deaths=st.lists(
        st.tuples(st.sampled_from((*FAULTS, "settle")), st.booleans(), st.sampled_from((OSError, DiedError))),
        max_size=4,
    ),
    slots=st.lists(st.integers(1, 3), max_size=4),
)
def test_each_key_is_exactly_one_run_however_often_telling_it_fails_or_dies(
    engine, farm, mlflow_settings, deaths, slots
):
    """A call fails before or after its effect, or the process dies there; then it is tried again until all is told."""
    put(engine, farm, *slots)
    for name, after, error in deaths:
        with pytest.MonkeyPatch.context() as patch:
            _break(patch, name, error, after=after)
            try:
                track(engine, mlflow_settings, NOW)
            except (DiedError, OSError):
                continue
    track(engine, mlflow_settings, NOW)

    assert waiting(engine) == []
    told = keys_of(mlflow_settings)
    assert len(set(told)) == len(told)
    assert {f"cycle:{farm}:{slot}" for slot in slots} <= set(told)


def _break(patch, name, error, *, after):
    from mlflow import MlflowClient  # noqa: PLC0415 - only here

    place = tracking if name == "settle" else MlflowClient
    sound = getattr(place, name)

    def broken(*arguments, **options):
        if after:
            sound(*arguments, **options)
        raise error("broken")

    patch.setattr(place, name, broken)


def test_what_mlflow_refuses_waits_behind_the_others_and_says_why(engine, farm, mlflow_settings):
    with engine.begin() as connection:
        bad = {"metrics": {"no such \n name": 1.0}}
        tracking.put(connection, "cycle", "cycle:bad", bad, farm_id=farm, at=NOW)
    put(engine, farm, 1)

    assert track(engine, mlflow_settings, NOW)[:2] == (1, 1)
    ((key, attempts, error),) = waiting(engine)
    assert (key, attempts) == ("cycle:bad", 1)
    assert "Invalid" in error
    put(engine, farm, 2)
    with engine.connect() as connection:
        assert len(tracking.waiting(connection, 1)) == 1
        first = tracking.entry(connection, tracking.waiting(connection, 1)[0])
    assert first.key == f"cycle:{farm}:2"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a process with threads can't be forked")
def test_a_process_killed_between_telling_and_settling_tells_nothing_twice(engine, farm, mlflow_settings):
    put(engine, farm, 1)
    child = os.fork()  # it has MLflow already, whose import takes as long as the rest of this file
    if not child:
        try:
            tracking.settle = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
            track(engine_for(plain_url(engine)), mlflow_settings, NOW)
        finally:
            os._exit(1)
    _, ended = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(ended) == -signal.SIGKILL
    assert [key for key, _, _ in waiting(engine)] == [f"cycle:{farm}:1"]
    assert keys_of(mlflow_settings) == [f"cycle:{farm}:1"]
    assert track(engine, mlflow_settings, NOW).logged == 1
    assert keys_of(mlflow_settings) == [f"cycle:{farm}:1"]


def test_only_one_process_tells_at_a_time(engine, farm, mlflow_settings):
    put(engine, farm, 1)
    with tracking.sole(engine) as first:
        assert first
        assert track(engine, mlflow_settings, NOW) == (0, 1, "another process is at it")
    assert track(engine, mlflow_settings, NOW).logged == 1


def test_runs_of_old_cycles_go_with_their_files_and_others_stay(engine, farm, mlflow_settings):
    put(engine, farm, 1)
    track(engine, mlflow_settings, NOW)
    opened = open_registry(mlflow_settings)
    old = Run(CYCLES, "cycle:old", "old", NOW - timedelta(days=40), files={"series.csv": b"x"})
    other = Run("elsewhere", "other", "other", NOW - timedelta(days=40))
    run_id, kept = log_run(opened, old), log_run(opened, other)
    place = Path(opened.client.get_run(run_id).info.artifact_uri.removeprefix("file://"))
    assert (place / "series.csv").exists()

    assert delete_runs(opened, CYCLES, NOW - timedelta(days=30)) == 1
    assert keys_of(mlflow_settings) == [f"cycle:{farm}:1"]
    assert not place.exists()
    assert opened.client.get_run(kept).info.lifecycle_stage == "active"
    assert delete_runs(opened, "nowhere", NOW) == 0


def test_cycles_whose_runs_would_not_be_kept_are_given_up(engine, farm, mlflow_settings):
    put(engine, farm, 1)

    assert track(engine, mlflow_settings, NOW + timedelta(days=40)) == (0, 0, "")
    assert waiting(engine) == []


def test_a_cycle_tells_its_models_and_the_errors_of_what_came_true():
    made = [Issued(*([None] * len(fields(Issued))))] * 2
    made = [replace(one, series_id=place, model="harmonic_sarimax", reason="") for place, one in enumerate(made, 1)]
    payload = cycle_payload(made, 0.5)
    scores = [
        SlotScore(1, "1-4", "model", 4, 0.04),
        SlotScore(2, "1-4", "model", 4, 0.12),
        SlotScore(1, "1-4", "mean_14d", 4, 0.16),
    ]
    told = with_errors(payload, scores)

    assert told["metrics"] == {
        "series": 2,
        "seconds": 0.5,
        "series_harmonic_sarimax": 2,
        "rmse_model_1-4": pytest.approx(0.02**0.5),
        "rmse_mean_14d_1-4": pytest.approx(0.2),
    }
    assert [row["rmse_1-4"] for row in told["rows"]] == [pytest.approx(0.1), pytest.approx(0.03**0.5)]


def test_no_password_is_told_with_what_went_wrong():
    fault = away([], OSError("API request to http://bob:s3cret@127.0.0.1:9/x failed")).fault

    assert fault == "OSError: API request to http://127.0.0.1:9/x failed"
