"""A group and a session have names that a broker takes as they are meant; others are a wrong use of the command."""

import pytest
from typer.testing import CliRunner

from animov.commands.whole import app


@pytest.mark.parametrize("name", ["a/+", "#", "a/b", "+", "", " ", "a\nb", "a\0b"])
def test_no_wildcard_and_nothing_empty_is_a_group(name):
    ended = CliRunner().invoke(app, ["ingest", "--broker", "mqtt://127.0.0.1", "--group", name])
    assert ended.exit_code == 2
    assert "can't be the name of a group" in ended.stderr


@pytest.mark.parametrize("name", ["", " ", "a\nb", "a\0b"])
def test_nothing_empty_is_a_client_id(name):
    ended = CliRunner().invoke(app, ["ingest", "--broker", "mqtt://127.0.0.1", "--client-id", name])
    assert ended.exit_code == 2
    assert "can't be the name of a session" in ended.stderr
