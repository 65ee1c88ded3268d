"""A program of the first AniMOV's, unedited but for address and password, against a whole node of real processes."""

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import datetime

import numpy as np
import pytest

from api.people.passwords import hash_password
from storage.access import users
from storage.herds import herd

PASSWORD = "correct horse battery"

PROGRAM = """
import json, sys
import requests

url, password = sys.argv[1:]
data = json.load(sys.stdin)

response_login = requests.post(url + '/login', json={'username': 'marie', 'password': password})
headers = {'x-access-tokens': response_login.json()['token'], 'Content-Type': 'application/json'}

response_early = requests.post(url + '/predict', headers=headers, json=data[:96])
response_train = requests.post(url + '/train', headers=headers, json=data)
response_predict = requests.post(url + '/predict', headers=headers, json={'data': data[-96:]})
response_three = requests.post(url + '/predict?horizon=4', headers=headers, json=data[-3:])
response_rmse = requests.get(url + '/rmse', headers=headers)

answers = (response_early, response_train, response_predict, response_three, response_rmse)
print(json.dumps([[response.status_code, response.json()] for response in answers]))
"""
"""The calls that such programs make: what they send, and in which headers."""


def rows():
    """Seven days of a rhythm with noise, dates as pandas writes them."""
    steps = np.arange(7 * 96)
    noise = np.random.default_rng(5).normal(0, 0.04, len(steps))
    ratios = np.clip(0.5 + 0.3 * np.sin(steps / 96 * 2 * np.pi) + noise, 0, 1)
    dates = np.datetime64("2026-05-01T00:00:00") + steps * np.timedelta64(15, "m")
    return [
        {"date": str(date).replace("T", " "), "ratio_debout": float(ratio)}
        for date, ratio in zip(dates, ratios, strict=True)
    ]


@pytest.fixture
def node(up, tmp_path):
    with up(tmp_path) as running:
        with running.engine.begin() as connection:
            farm = herd.ensure_farm(connection, "barn")
            user = users.create_user(connection, "marie", hash_password(PASSWORD))
            users.set_role(connection, user, farm, "manager")
        yield running
        assert running.end() == 0


@pytest.mark.timeout(600)  # MLflow makes its database first
def test_a_training_a_prediction_and_its_error_by_a_real_worker_and_mlflow(node, wait, tmp_path):
    posted = rows()
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, node.api, PASSWORD],
        input=json.dumps(posted), capture_output=True, text=True, timeout=250, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    early, train, predict, three, rmse = json.loads(done.stdout)

    assert (early[0], early[1].keys()) == (409, {"message"})
    assert [status for status, _ in (train, predict, three, rmse)] == [200] * 4
    held_out = json.loads(train[1]["predictions"])
    assert [record["Date"] for record in held_out] == [row["date"] for row in posted[-192:]]
    foretold = json.loads(predict[1]["predictions"])
    assert [record["Date"] for record in foretold] == [row["date"] for row in posted[-96:]]
    errors = [record["Valeurs"] - row["ratio_debout"] for record, row in zip(foretold, posted[-96:], strict=True)]
    assert np.sqrt(np.mean(np.square(errors))) < 0.08  # what it knows of the rhythm; the noise alone is 0.04
    assert len(json.loads(three[1]["predictions"])) == 7
    (error,) = rmse[1]
    assert error["rmse"] == train[1]["validation_rmse"] < 0.1
    assert error["model_version"] == predict[1]["model_version"]
    assert (error["model_name"], predict[1]["model_name"]) == ("SARIMAXModel", "SARIMAXModel")
    assert datetime.fromisoformat(error["date"]).tzinfo is None
    wait(lambda: logged(tmp_path, train[1]["run_id"]), 300)


def logged(data_dir, number):
    """Whether MLflow has the run of a training, and its model reigns there."""
    path = data_dir / "mlflow" / "mlflow.db"
    if not path.exists():
        return False
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        if connection.execute(
            "SELECT count(*) FROM sqlite_master WHERE name = 'registered_model_aliases'"
        ).fetchone() == (0,):
            return False
        runs = connection.execute(
            "SELECT count(*) FROM tags WHERE key = 'animov.key' AND value = ?", (f"training:{number}",)
        )
        aliases = connection.execute("SELECT count(*) FROM registered_model_aliases WHERE alias LIKE 'champion-file-%'")
        return runs.fetchone() == (1,) and aliases.fetchone() == (1,)
