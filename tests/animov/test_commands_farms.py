"""A farm is exported with what MLflow holds of it, and deleted only by whoever says its name twice."""

import json
import zipfile

import pytest
from sqlalchemy import text

from core.settings import Settings
from forecast.life.tracking import track
from storage.herds import herd
from storage.modelling import tracking

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # MLflow's own, of SQLAlchemy


@pytest.fixture
def told(engine, mlflow_settings):
    """A node whose MLflow knows of a cycle of each of two farms."""
    with engine.begin() as connection:
        now = connection.execute(text("SELECT now()")).scalar_one()
        for farm in ("barn", "other"):
            farm_id = herd.ensure_farm(connection, farm)
            payload = {"params": {"of": farm}, "rows": [{"series": farm}]}
            tracking.put(connection, "cycle", f"cycle:{farm_id}:1", payload, farm_id=farm_id, at=now)
    assert track(engine, mlflow_settings, now).waiting == 0
    return mlflow_settings


def test_an_export_holds_the_runs_of_the_farm(node, told: Settings, tmp_path):
    file, words = tmp_path / "barn.zip", ("--data-dir", told.data_dir)

    assert node("farm", "export", "barn", file, *words).code == 0

    with zipfile.ZipFile(file) as packed:
        assert packed.testzip() is None
        runs = [name for name in packed.namelist() if name.startswith("mlflow/")]
        (run,) = [json.loads(packed.read(name)) for name in runs if name.endswith("/run.json")]
        assert run["params"] == {"of": "barn"}
        assert [packed.read(name) for name in runs if name.endswith("series.csv")] == [b"series\nbarn\n"]
        listed = [each["name"] for each in json.loads(packed.read("manifest.json"))["files"]]
        assert set(runs) < set(listed)
    again = node("farm", "export", "barn", file, *words)
    assert (again.code, again.err) == (1, f"animov: {file} exists already; an export never replaces another file\n")


def test_without_mlflow_the_rest_is_exported(node, told: Settings, tmp_path, monkeypatch):
    monkeypatch.setenv("ANIMOV_MLFLOW_URI", "http://127.0.0.1:9")
    file, words = tmp_path / "barn.zip", ("--data-dir", told.data_dir)

    refused = node("farm", "export", "barn", file, *words)
    assert refused.code == 1
    assert "MLflow does not answer" in refused.err
    assert list(tmp_path.glob("barn*")) == []

    assert node("farm", "export", "barn", file, "--no-mlflow", *words).code == 0
    with zipfile.ZipFile(file) as packed:
        assert not [name for name in packed.namelist() if name.startswith("mlflow/")]


def test_a_farm_is_deleted_by_whoever_says_its_name_twice(node, told: Settings, engine):
    words = ("--data-dir", told.data_dir)
    assert node("farm", "delete", "barn", "--confirm", "other", *words).code == 2
    assert node("farm", "delete", "absent", "--confirm", "absent", *words).code == 1
    with engine.connect() as connection:
        assert herd.find_farm(connection, "barn")

    done = node("farm", "delete", "barn", "--confirm", "barn", *words)

    assert (done.code, done.out) == (0, "barn is deleted\n")
    with engine.connect() as connection:
        assert connection.execute(text("SELECT array_agg(name) FROM farm")).scalar_one() == ["other"]
        assert connection.execute(text("SELECT count(*) FROM farm_deletion WHERE to_forget IS NULL")).scalar_one() == 1
        noted = connection.execute(text("SELECT farm_id, actor, action, subject FROM audit_log")).all()
    assert noted == [(None, "a command", "farm.deleted", "farm 1")]
