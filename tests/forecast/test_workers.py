"""Processes share the work, and none outlives it."""

import operator
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from core.errors import UnavailableError
from forecast.workers import mapped

_BUSY = textwrap.dedent("""
    import os, sys, time
    from forecast.workers import mapped

    def busy(_):
        print(os.getpid(), flush=True)
        while True:
            pass

    if __name__ == "__main__":
        list(mapped(busy, range(4), 2))
""")


@pytest.mark.parametrize(
    ("number", "code"),
    [
        pytest.param(signal.SIGKILL, -signal.SIGKILL, id="killed"),
        pytest.param(signal.SIGTERM, -signal.SIGTERM, id="terminated"),
        pytest.param(signal.SIGINT, 1, id="interrupted"),
    ],
)
def test_no_process_outlives_the_one_that_shares_its_work(tmp_path, number, code):
    """The pipe of standard output ends only when the workers are gone too, which never return by themselves."""
    script = tmp_path / "busy.py"
    script.write_text(_BUSY)
    with subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(Path.cwd())},
        start_new_session=True,
    ) as process:
        workers = [int(process.stdout.readline()) for _ in range(2)]

        os.killpg(process.pid, number) if number == signal.SIGINT else process.send_signal(number)

        assert process.stdout.read() == ""
        told = process.stderr.read()
        assert process.wait() in {code, -number}
    assert len(set(workers)) == 2
    assert told.count("Traceback") <= 1  # the interrupted parent's own


@pytest.mark.parametrize("jobs", [1, 3])
def test_results_come_in_order(jobs):
    assert list(mapped(operator.neg, range(20), jobs)) == [-number for number in range(20)]


def test_a_process_that_is_ended_from_outside_is_told():
    with pytest.raises(UnavailableError, match="memory"):
        list(mapped(os._exit, [9, 9], 2))


def test_who_stops_asking_is_not_kept_waiting():
    results = mapped(time.sleep, [0.0, *[3600.0] * 50], 2)

    assert next(results) is None
    results.close()
    assert list(results) == []
