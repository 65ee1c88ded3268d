"""Options that several commands share, and the settings that come of them."""

import re
from pathlib import Path
from typing import Annotated, Any

import typer

from core.alert_texts import Language
from core.logs import configure_logging
from core.settings import Settings, load_settings

DataDir = Annotated[
    Path | None, typer.Option("--data-dir", help="Folder of the node: database, secrets, lock.", metavar="DIR")
]
Host = Annotated[str | None, typer.Option("--host", help="Address on which MQTT and the API listen.", metavar="ADDR")]
MqttPort = Annotated[int | None, typer.Option("--mqtt-port", help="Port of the MQTT endpoint; 0: any free one.")]
ApiPort = Annotated[int | None, typer.Option("--api-port", help="Port of the API; 0: any free one.")]
DbPort = Annotated[
    int | None, typer.Option("--db-port", help="Loopback TCP port of the database, for Grafana and psql; 0: any.")
]
Json = Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")]


def settings_for(role: str, *, quiet: bool = False, **overrides: Any) -> Settings:
    """Return the settings with what the command line says, and begin to log as a role; `quiet` logs troubles only."""
    settings = load_settings(**overrides)
    if quiet and "log_level" not in settings.model_fields_set:
        settings = settings.model_copy(update={"log_level": "WARNING"})
    configure_logging(level=settings.log_level, form=settings.log_format, role=role)
    return settings


def language_named(name: str) -> Language:
    """Return a language of texts.

    Raises:
        BadParameter: there are none in it.
    """
    if name == "en":
        return "en"
    if name == "fr":
        return "fr"
    raise typer.BadParameter(f"{name!r} is neither en nor fr", param_hint="--lang")


def orders(text: str, count: int, option: str) -> list[int]:
    """Return whole numbers with commas between.

    Raises:
        BadParameter: it is something else; names the option.
    """
    if not re.fullmatch(r"\d{1,4}(,\d{1,4})*", text.replace(" ", "")) or text.count(",") != count - 1:
        raise typer.BadParameter(f"{text!r} is not {count} whole numbers with commas between", param_hint=option)
    return [int(number) for number in text.split(",")]
