"""The command line in this process, on a database of the test's own."""

import sys
from typing import NamedTuple

import pytest
import structlog

from animov.cli import main


class Ran(NamedTuple):
    """How a command ended and what it said."""

    code: int
    out: str
    err: str


@pytest.fixture
def run(monkeypatch, capsys):
    """Run `animov` with some words; give what came of it."""
    # a logger of the command's would keep the captured standard error beyond the test
    monkeypatch.setattr("animov.commands.options.configure_logging", lambda **_: None)
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.__stderr__))

    def ran(*words):
        monkeypatch.setattr(sys, "argv", ["animov", *map(str, words)])
        code = 0
        try:
            main()
        except SystemExit as ended:
            code = ended.code or 0
        out, err = capsys.readouterr()
        return Ran(code, out, err)

    yield ran
    structlog.reset_defaults()


@pytest.fixture
def node(run, monkeypatch, database_url):
    """Run `animov` on an empty database."""
    monkeypatch.setenv("ANIMOV_DATABASE_URL", database_url)
    return run
