"""Logs: one event a line, on standard error, so that standard output stays for answers."""

import json
import logging
import subprocess
import sys
from collections import Counter

import structlog
from hypothesis import given
from hypothesis import strategies as st

from core.foreign_logs import ForeignLogs

SCRIPT = """
from core.logs import configure_logging, get_logger
configure_logging(level={level!r}, form="json", role="edge")
log = get_logger("here")
log.debug("flush.began")
log.info("flush.committed", messages=12)
log.warning("flush.delayed", error="two\\nlines")
print("answer")
"""


def run(level):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(level=level)], capture_output=True, text=True, check=True
    )
    assert done.stdout == "answer\n"
    return [json.loads(line) for line in done.stderr.splitlines()]


def test_every_event_is_one_line_with_its_fields_and_the_role():
    committed, delayed = run("INFO")
    assert committed["event"] == "flush.committed"
    assert committed["messages"] == 12
    assert (committed["level"], committed["role"], committed["module"]) == ("info", "edge", "here")
    assert committed["timestamp"].endswith("Z")
    assert delayed["error"] == "two\nlines"


def test_what_is_less_severe_than_the_level_is_not_shown():
    assert [event["event"] for event in run("WARNING")] == ["flush.delayed"]


AGAIN = """
from core.logs import configure_logging, get_logger
configure_logging(form="text")
log = get_logger("here")
log.warning("before")
configure_logging(form="json", role="edge")
log.warning("after")
"""


def test_a_logger_that_has_told_before_tells_as_configured_since():
    done = subprocess.run([sys.executable, "-c", AGAIN], capture_output=True, text=True, check=True)
    _, after = done.stderr.splitlines()
    assert json.loads(after)["role"] == "edge"


LIBRARY = """
import logging
from core.logs import configure_logging
configure_logging(form="json", role="worker")
configure_logging(form="json", role="worker")
lost = logging.getLogger("library.client")
for attempt in range(500):
    lost.error("no answer from %s", f"server-{attempt % 2}")
try:
    1 / 0
except ZeroDivisionError:
    lost.exception("not expected")
lost.info("fine")
"""


def test_what_libraries_log_is_told_in_the_same_form_and_not_again_and_again():
    done = subprocess.run([sys.executable, "-c", LIBRARY], capture_output=True, text=True, check=True)
    lost, other, unexpected = map(json.loads, done.stderr.splitlines())
    assert (lost["event"], lost["level"]) == ("no answer from server-0", "error")
    assert other["event"] == "no answer from server-1"
    assert (lost["module"], lost["role"]) == ("library.client", "worker")
    assert "ZeroDivisionError" in unexpected["exception"]


SAID = st.lists(st.tuples(st.sampled_from([1, 2]), st.sampled_from([0.0, 1.0, 29.9, 30.0, 59.9, 60.0])), max_size=30)


@given(SAID)
def test_a_thing_is_said_once_a_minute_and_how_often_it_was_kept_back(said):
    clock = [0.0]
    logs = ForeignLogs(structlog.get_logger, lambda: clock[0])
    heard, kept_back, expected = {}, Counter(), []
    with structlog.testing.capture_logs() as told:
        for thing, later in said:
            clock[0] += later
            logs.emit(logging.makeLogRecord({"name": "client", "levelno": logging.WARNING, "msg": thing}))
            if thing in heard and clock[0] - heard[thing] < 60:
                kept_back[thing] += 1
            else:
                expected.append(kept_back.pop(thing, None))
                heard[thing] = clock[0]
    assert [one.get("unsaid") for one in told] == expected


def test_what_is_remembered_of_libraries_that_word_everything_anew_has_bounds():
    logs = ForeignLogs(structlog.get_logger, lambda: 0.0)
    with structlog.testing.capture_logs() as told:
        for number in range(2500):
            logs.emit(logging.makeLogRecord({"name": "client", "levelno": logging.WARNING, "msg": f"try {number}"}))
    assert len(told) == 2500
    assert len(logs._said) <= 1000
