"""`animov backtest` on files of users, run as they run it."""

import gzip
import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from animov.commands.whole import app
from animov.interrupting import interruptible
from core.errors import AnimovError
from forecast.cancelling import CancelledError

START = datetime(2026, 3, 1, tzinfo=UTC)


def _file(path: Path, days: int, minutes: int = 30, *, size: float = 1.0) -> Path:
    """A value that follows a warmth which no clock foretells, and the warmth beside it."""
    day = 1440 // minutes
    rng = np.random.default_rng(5)
    warmth = np.repeat(rng.normal(0, 1, days * 4), day // 4)
    values = 0.5 + 0.1 * np.sin(2 * np.pi * np.arange(days * day) / day) + 0.08 * warmth
    rows = [
        f"{(START + timedelta(minutes=minutes * slot)).isoformat()},{size * value:.4f},{warm:.4f}"
        for slot, (value, warm) in enumerate(zip(np.clip(values, 0, 1), warmth, strict=True))
    ]
    text = "\n".join(["When,Load,Warmth", *rows])
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def _backtest(*arguments: object) -> list[str]:
    # a shell that runs the tests in the background lets its children ignore SIGINT; a terminal does not
    heard = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    code = f"{heard}; from animov.cli import main; main()"
    return [sys.executable, "-c", code, "backtest", *map(str, arguments)]


def _invoked(*arguments: object):
    return CliRunner().invoke(app, ["backtest", *map(str, arguments)])


NAMED = ("--date", "when", "--value", "load")
QUICK = ("--order", "1,0,0", "--harmonics", "2", "--history", "4", *NAMED)


def test_a_column_known_ahead_helps_and_one_that_is_not_is_not_peeked_at(tmp_path):
    """Half-hourly loads of hundreds, packed: with the warmth known the error falls, with its last value it does not."""
    file = _file(tmp_path / "loads.csv.gz", 8, size=400)

    errors = {}
    for rule in ("known", "last"):
        done = _invoked(file, *QUICK, "--unbounded", "--regressor", "warmth", "--future", f"warmth={rule}", "--json")
        assert done.exception is None, done.exception
        errors[rule] = json.loads(done.stdout)["bands"][1]["model"]

    assert errors["known"] < 0.3 * errors["last"]
    assert errors["last"] > 10


def test_sigterm_ends_a_command_as_ctrl_c_does():
    before = signal.getsignal(signal.SIGTERM)

    with pytest.raises(CancelledError), interruptible():
        signal.raise_signal(signal.SIGTERM)

    assert signal.getsignal(signal.SIGTERM) == before


@pytest.mark.parametrize(
    ("options", "told"),
    [
        pytest.param(("--regressor", "warmth"), "say what is known ahead of the column 'warmth'", id="no_rule"),
        pytest.param(("--regressor", "cold", "--future", "cold=last"), "there is no column 'cold'", id="no_column"),
        pytest.param(("--future", "warmth=last"), "rule for 'warmth', which is no regressor", id="no_regressor"),
        pytest.param(("--regressor", "daylight"), "needs the latitude and longitude", id="no_place"),
        pytest.param(("--weekly-harmonics", "1"), "harmonics of the week need a history of 14 days", id="short"),
    ],
)
def test_what_is_missing_is_told_in_a_sentence(tmp_path, options, told):
    done = _invoked(_file(tmp_path / "loads.csv", 6), *QUICK, *options)

    assert isinstance(done.exception, AnimovError)
    assert told in str(done.exception)


def test_a_long_back_test_says_how_long_and_ends_at_ctrl_c(tmp_path):
    """A season of a day by two processes, all told by the terminal: the end of the pipe says that nobody is left."""
    command = _backtest(
        _file(tmp_path / "loads.csv", 9, 15), *NAMED, "--order", "1,1,1", "--seasonal", "1,1,1,96", "--jobs", "2"
    )
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    ) as process:
        expected = process.stderr.readline()

        os.killpg(process.pid, signal.SIGINT)

        assert process.stdout.read() == ""
        told = process.stderr.read()
        assert process.wait() == 1
    assert "forecasts, about" in expected
    assert told == "animov: cancelled before the end; nothing was kept\n"
