"""Logs: one event a line, on standard error, so that standard output stays for answers."""

import json
import subprocess
import sys

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
