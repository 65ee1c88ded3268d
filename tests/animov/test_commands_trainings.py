"""`train` and `models` as people and scripts meet them, on a real database and a real MLflow."""

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from forecast.life.registry import MODEL, open_registry
from storage.engine.database import engine_for
from storage.herds import herd
from storage.modelling import trainings
from storage.modelling.models import Subject

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # MLflow's own, of SQLAlchemy
]

ROOT = Path(__file__).parents[2]
QUICK = ("--order", "1,0,0", "--harmonics", "1")


@pytest.fixture
def animov(node, monkeypatch, mlflow_settings):
    """Run `animov` on an empty database and an MLflow of its own."""
    monkeypatch.setenv("ANIMOV_DATA_DIR", str(mlflow_settings.data_dir))
    return node


@pytest.fixture
def ratios(tmp_path):
    """A week of a rhythm in a file."""
    rng = np.random.default_rng(3)
    values = np.clip(0.5 + 0.3 * np.sin(np.arange(7 * 96) / 96 * 2 * np.pi) + rng.normal(0, 0.05, 7 * 96), 0, 1)
    start = datetime(2026, 5, 1)  # noqa: DTZ001 - as in a user's file
    rows = [f"{start + i * timedelta(minutes=15)},{value:.4f}" for i, value in enumerate(values)]
    path = tmp_path / "Été ratios.csv"
    path.write_text("\n".join(["date,ratio_debout", *rows]), "utf-8")
    return path


def test_a_file_from_its_training_to_its_successor(animov, ratios, tmp_path, mlflow_settings):
    trained = animov("train", ratios, "--preset", "first-animov", *QUICK, "--json")
    assert trained.code == 0, trained.err
    assert "Ctrl-C cancels" in trained.err
    told = json.loads(trained.out)
    first = told["model"]["id"]
    assert (told["logged"], told["model"]["aliases"], told["training"]["state"]) == (True, ["champion"], "done")

    second = json.loads(animov("train", ratios, "--order", "1,0,0", "--harmonics", "0", "--json").out)["model"]
    assert second["aliases"] == ["challenger"]
    tested, compared = animov("models", "test", second["id"]), animov("models", "compare", second["id"])
    assert "RMSE" in tested.out
    assert "p = " in compared.out
    lost = animov("models", "promote", second["id"])
    assert (lost.code, "does not win" in lost.err) == (1, True)
    forced = animov("models", "promote", second["id"], "--force")
    assert (forced.code, forced.out) == (0, f"model {second['id']} is champion\n")
    client = open_registry(mlflow_settings).client
    assert client.get_registered_model(MODEL).aliases["champion"] == 2

    listed = json.loads(animov("models", "list", "farm", "--json").out)
    assert [model["id"] for model in listed] == [second["id"], first]
    shown = json.loads(animov("models", "show", second["id"], "--json").out)
    assert [change["why"] for change in shown["changes"]] == ["trained", "order", "order"]
    assert animov("models", "rollback", second["id"]).out == f"model {first} is champion\n"
    assert client.get_registered_model(MODEL).aliases["champion"] == 1
    assert "no other champion" in animov("models", "rollback", first).err
    out = tmp_path / "plot.png"
    assert animov("models", "plot", first, "--out", out).code == 0
    assert out.read_bytes().startswith(b"\x89PNG")
    assert "exists already" in animov("models", "plot", first, "--out", out).err
    works = json.loads(animov("models", "trainings", "farm", "--json").out)
    assert [work["kind"] for work in works] == ["promote", "compare", "test", "train", "train"]


def test_work_that_waits_is_cancelled_by_its_number_and_once(animov, database_url):
    engine = engine_for(database_url)
    with engine.begin() as connection:
        farm = herd.ensure_farm(connection, "barn")
        numbers = [
            trainings.ask(
                connection, "train", Subject(farm, None, "ratios"), {}, requested_by="test", at=datetime.now(UTC)
            )
            for _ in range(2)
        ]
        trainings.begin(connection, numbers[1], at=datetime.now(UTC))
    engine.dispose()

    first, again = (animov("models", "cancel", numbers[0]) for _ in range(2))
    dead, unknown = animov("models", "cancel", numbers[1]), animov("models", "cancel", 99)
    listed = json.loads(animov("models", "trainings", "barn", "--json").out)

    assert (first.code, first.out) == (0, f"training {numbers[0]} is cancelled; it had not begun\n")
    assert (again.code, again.out) == (1, "")
    assert again.err == f"animov: training {numbers[0]} can't be cancelled: it has ended already (cancelled)\n"
    assert "it has ended already (failed)" in dead.err
    assert "there is no training '99'" in unknown.err
    assert [(one["state"], one["error"]) for one in listed] == [("failed", "its process ended"), ("cancelled", "")]


def test_mlflow_away_stops_no_training(animov, ratios, monkeypatch):
    monkeypatch.setenv("ANIMOV_MLFLOW_URI", "http://127.0.0.1:9")
    trained = animov("train", ratios, *QUICK, "--json")

    assert trained.code == 0
    assert json.loads(trained.out)["logged"] is False
    assert "MLflow is told later" in trained.err


REFUSED = [
    pytest.param(["train", "nowhere"], "there is no farm 'nowhere'", id="no_farm"),
    pytest.param(["train", "barn/nowhere"], "there is no group 'nowhere'", id="no_group"),
    pytest.param(["train", "barn"], "not one value", id="nothing_known"),
    pytest.param(["train", "missing.csv"], "there is no file", id="no_file"),
    pytest.param(
        ["train", "barn", "--order", "1,0,1", "--seasonal", "1,0,0,1"], "at least 2 steps", id="contradiction"
    ),
    pytest.param(["models", "show", "7"], "there is no model '7'", id="no_model"),
    pytest.param(["models", "promote", "7", "--force"], "there is no model '7'", id="promote_nothing"),
    pytest.param(["models", "rollback", "barn"], "no other champion", id="roll_back_nothing"),
    pytest.param(["models", "list", "nowhere"], "there is no farm", id="list_nowhere"),
]


@pytest.mark.parametrize(("words", "why"), REFUSED)
def test_what_is_refused_is_told_in_one_line(animov, database_url, words, why):
    engine = engine_for(database_url)
    with engine.begin() as connection:
        herd.ensure_farm(connection, "barn")
    engine.dispose()

    refused = animov(*words)

    assert (refused.code, refused.out) == (1, "")
    (line,) = refused.err.splitlines()
    assert line.startswith("animov: ")
    assert why in line


@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT can't be sent to another process")
def test_ctrl_c_cancels_and_the_record_says_so(database_url, ratios, tmp_path):
    """A season of 96 takes many seconds; the signal comes when the expected time is told, before the search."""
    environment = os.environ | {"ANIMOV_DATABASE_URL": database_url, "ANIMOV_DATA_DIR": str(tmp_path / "node")}
    words = ("train", str(ratios), "--order", "2,1,2", "--seasonal", "2,1,1,96")
    # a shell that runs the tests in the background lets its children ignore SIGINT; a terminal does not
    heard = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    code = f"{heard}; from animov.cli import main; main()"
    command = [sys.executable, "-c", code, *words]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True) as training:
        assert "Ctrl-C cancels" in training.stderr.readline()
        training.send_signal(signal.SIGINT)
        said = training.stderr.read()

    assert (training.returncode, said) == (
        1,
        "animov: training 1 was cancelled before the end; no model was made\n",
    )
    engine = engine_for(database_url)
    with engine.connect() as connection:
        (work,) = trainings.newest(connection, herd.find_farm(connection, "farm"), 9)
    engine.dispose()
    assert (work.state, work.finished_at is not None, work.model_id) == ("cancelled", True, None)
