"""Settings: one frozen object; a wrong value is refused with its name, its value and what is allowed."""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from core.errors import SettingsError
from core.settings import PREFIX, Settings, load_settings

WRONG = [
    ("MQTT_PORT", "65536", "65535"),
    ("MQTT_PORT", "-1", "0"),
    ("MQTT_PORT", "mqtt", "integer"),
    ("LOG_LEVEL", "LOUD", "INFO"),
    ("LOG_FORMAT", "xml", "json"),
    ("FLUSH_KEYS", "0", "1"),
    ("FUTURE_LIMIT", "soon", "duration"),
    ("HISTORY_DAYS", "61", "60"),
    ("WINDOWS_DAYS", "0", "1"),
]


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch):
    for name in Settings.model_fields:
        monkeypatch.delenv(PREFIX + name.upper(), raising=False)


@pytest.mark.parametrize(("name", "value", "allowed"), WRONG)
def test_a_wrong_value_is_refused_with_name_value_and_what_is_allowed(name, value, allowed, monkeypatch):
    monkeypatch.setenv(PREFIX + name, value)
    with pytest.raises(SettingsError) as refused:
        load_settings()
    said = str(refused.value)
    assert said.startswith(f"{PREFIX}{name} is {value!r}: ")
    assert allowed in said
    assert said.endswith(Settings.model_fields[name.lower()].description)


def test_a_variable_that_names_no_setting_is_refused_with_those_that_are(monkeypatch):
    monkeypatch.setenv("ANIMOV_MQTTPORT", "1884")
    with pytest.raises(SettingsError, match="ANIMOV_MQTTPORT is set, but there is no such setting") as refused:
        load_settings()
    assert "ANIMOV_MQTT_PORT" in str(refused.value)


def test_a_refusal_never_shows_a_password(monkeypatch):
    monkeypatch.setenv("ANIMOV_DATABASE_URL", "postgresql://me:hush-hush@host/db")
    assert "hush-hush" not in repr(load_settings())
    with pytest.raises(SettingsError) as refused:
        load_settings(database_url=["postgresql://me:hush-hush@host/db"])
    assert "hush-hush" not in str(refused.value)


def test_what_the_command_line_says_goes_before_the_variable_and_none_says_nothing(monkeypatch):
    monkeypatch.setenv("ANIMOV_MQTT_PORT", "1884")
    assert load_settings(mqtt_port=1885).mqtt_port == 1885
    assert load_settings(mqtt_port=None).mqtt_port == 1884


def test_settings_do_not_change():
    with pytest.raises(ValidationError):
        load_settings().mqtt_port = 1


@given(seconds=st.integers(0, 86_399))
def test_a_span_of_time_is_read_as_seconds_as_iso_8601_and_as_a_clock_shows_it(seconds):
    span = timedelta(seconds=seconds)
    for written in (str(seconds), f"PT{seconds}S", str(span).zfill(8)):
        assert load_settings(slot_grace=written).slot_grace == span


@pytest.mark.parametrize(
    ("platform", "variable", "expected"),
    [
        ("linux", "XDG_DATA_HOME", "there/animov"),
        ("win32", "LOCALAPPDATA", "there/animov"),
        ("darwin", "HOME", "there/Library/Application Support/animov"),
    ],
)
def test_data_lie_where_the_platform_keeps_such_things(platform, variable, expected, monkeypatch):
    monkeypatch.setattr("sys.platform", platform)
    monkeypatch.setenv(variable, "there")
    assert load_settings().data_dir == Path(expected)


def test_the_default_listens_on_loopback_only():
    assert load_settings().host == "127.0.0.1"


def test_what_is_secret_may_be_a_file_that_a_variable_goes_before(tmp_path):
    (tmp_path / "animov_database_url").write_text("postgresql://file\n")
    (tmp_path / "other").write_text("nothing of ours")
    program = "from core.settings import load_settings; print(load_settings().database_url.get_secret_value())"

    def told(**variables):
        environment = {**os.environ, "CREDENTIALS_DIRECTORY": str(tmp_path), **variables}
        return subprocess.check_output([sys.executable, "-c", program], env=environment, text=True).strip()

    assert told() == "postgresql://file"
    assert told(ANIMOV_DATABASE_URL="postgresql://variable") == "postgresql://variable"
