"""A phone is told where the page is, if it can be reached at all; scripts are not bothered with pictures."""

import os
import subprocess
import sys
from contextlib import suppress

import pytest
import segno

from animov import phone

SHOWS = """import sys
from animov.phone import for_phone
sys.stderr.write(for_phone("http://10.0.0.7:8000", drawn=sys.stderr.isatty()))
"""
LIT = {"\N{FULL BLOCK}": (1, 1), "\N{UPPER HALF BLOCK}": (1, 0), "\N{LOWER HALF BLOCK}": (0, 1), " ": (0, 0)}
QUIET_ZONE = 4


@pytest.mark.parametrize(
    ("api", "told"),
    [
        ("http://127.0.0.1:8000", None),
        ("http://[::1]:8000", None),
        ("http://192.168.1.20:8000", "http://192.168.1.20:8000/"),
        ("http://[fe80::5]:80", "http://[fe80::5]:80/"),
        ("http://barn.local:8000", None),  # the API tells the address that it listens on, never a name
    ],
)
def test_only_what_others_reach_is_told(api, told):
    assert phone.address_for_phone(api) == told


def test_who_listens_everywhere_tells_the_address_that_leads_outward(monkeypatch):
    monkeypatch.setattr(phone, "_outward", lambda _: "10.0.0.7")
    assert phone.address_for_phone("http://0.0.0.0:8000") == "http://10.0.0.7:8000/"
    monkeypatch.setattr(phone, "_outward", lambda _: None)
    assert phone.for_phone("http://0.0.0.0:8000", drawn=True) == ""


def test_the_picture_is_for_terminals():
    told = phone.for_phone("http://10.0.0.7:8000", drawn=False)
    drawn = phone.for_phone("http://10.0.0.7:8000", drawn=True)
    assert "http://10.0.0.7:8000/" in told
    assert "\N{FULL BLOCK}" not in told
    assert drawn.startswith(told)
    assert drawn.count("\N{FULL BLOCK}") > 50


def on_a_terminal(program):
    """Run a program whose standard error is a terminal; returns what it shows."""
    ours, theirs = os.openpty()
    with subprocess.Popen([sys.executable, "-c", program], stderr=theirs) as process:
        os.close(theirs)
        shown = b""
        with os.fdopen(ours, "rb", buffering=0) as screen, suppress(OSError):  # the other end is closed
            while more := screen.read(4096):
                shown += more
        assert process.wait() == 0
    return shown.decode().replace("\r\n", "\n")


def test_the_picture_on_a_terminal_is_the_address():
    lines = [line for line in on_a_terminal(SHOWS).splitlines() if line and set(line) <= LIT.keys() and line.strip()]
    rows = [[LIT[sign][half] for sign in line] for line in lines for half in (0, 1)]
    code = segno.make_qr("http://10.0.0.7:8000/")
    size = len(code.matrix)

    inside = slice(QUIET_ZONE, QUIET_ZONE + size)
    assert [[not lit for lit in row[inside]] for row in rows[inside]] == [
        [bool(dark) for dark in row] for row in code.matrix
    ]
    around = [*rows[:QUIET_ZONE], *rows[QUIET_ZONE + size : size + 2 * QUIET_ZONE]]
    assert all(all(row) for row in around)
    assert all(all(row[:QUIET_ZONE] + row[QUIET_ZONE + size :]) for row in rows[: size + 2 * QUIET_ZONE])
