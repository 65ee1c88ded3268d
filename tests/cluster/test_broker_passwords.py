"""Mosquitto's password file: nothing else is overwritten, and who reads gets one line and no other's."""

import pytest

from animov.broker_passwords import write_passwords
from core.errors import SettingsError
from core.readings import CollarName
from ingest.broker import parse_broker
from storage.herds import credentials, herd

READER = parse_broker("mqtt://animov:secret@localhost")


@pytest.fixture
def collar(engine):
    with engine.begin() as connection:
        credentials.new_password(connection, herd.ensure_collar(connection, CollarName("barn", "one")))


@pytest.mark.parametrize(
    "content", [b"a letter\n", b"listener 1883\n", b"name:\n", b"name:plain\n", b"a:$7$101$x$y\n\n", b"\xff\xfe\0"]
)
@pytest.mark.usefixtures("collar")
def test_a_file_of_something_else_is_left_alone(engine, tmp_path, content):
    file = tmp_path / "file"
    file.write_bytes(content)
    with pytest.raises(SettingsError, match="holds something other than Mosquitto's passwords"):
        write_passwords(engine, file, READER)
    assert file.read_bytes() == content


@pytest.mark.parametrize("content", [b"", b"animov:$7$101$salt$hash\n", b"gone/early:$6$salt$hash==\n"])
@pytest.mark.usefixtures("collar")
def test_an_empty_file_and_one_of_passwords_are_replaced(engine, tmp_path, content):
    file = tmp_path / "file"
    file.write_bytes(content)
    assert write_passwords(engine, file, READER) == (True, 1, [])
    assert [line.partition(":")[0] for line in file.read_text().splitlines()] == ["animov", "barn/one"]
    assert write_passwords(engine, file, READER) == (False, 1, [])


@pytest.mark.parametrize("name", ["a%0Aroot", "a%3Ab", "a%00", "a%E2%80%A8b", "barn%2Fone"])
@pytest.mark.usefixtures("collar")
def test_who_reads_has_a_name_of_one_line_that_no_collar_has(engine, tmp_path, name):
    file = tmp_path / "file"
    with pytest.raises(SettingsError, match=r"can't be the name of who reads|is a collar"):
        write_passwords(engine, file, parse_broker(f"mqtt://{name}:secret@localhost"))
    assert not file.exists()
