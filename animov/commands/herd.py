"""Collars: `collar add`, `collar swap`."""

import re
import sys
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from animov.commands.options import DataDir, settings_for
from core.devices import alias_of
from core.readings import CollarName

if TYPE_CHECKING:
    from storage.engine.database import Engine

collars = typer.Typer(help="Collars and leg tags.", no_args_is_help=True)


class Mount(StrEnum):
    """Where a device sits."""

    LEG = "leg"
    COLLAR = "collar"
    EAR = "ear"


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.add_typer(collars, name="collar")


@collars.command("add")
def add_collar(
    collar: Annotated[str, typer.Argument(help="Farm and collar id, as in its topics.", metavar="FARM/COLLAR")],
    mount: Annotated[
        Mount | None, typer.Option(help="Where it sits; needed once, then it stays until said otherwise.")
    ] = None,
    axes: Annotated[
        str | None,
        typer.Option(
            help="What the numbers of a sample are, in order; -up where an axis points down. At first: fwd,up,right."
        ),
    ] = None,
    hold_s: Annotated[
        int | None,
        typer.Option(min=1, max=900, help="Seconds that a sample stands for: a slow tag's interval. At first: 1."),
    ] = None,
    animal: Annotated[str | None, typer.Option(help="Who wears it.")] = None,
    group: Annotated[str | None, typer.Option(help="Which group that animal is in.")] = None,
    start: Annotated[
        str | None,
        typer.Option("--from", help="Since when, ISO 8601; naive times are the farm's. Default: since ever."),
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(help="Its name at a network server: tts:ID, chirpstack:EUI or senml:NAME.", metavar="KIND:NAME"),
    ] = None,
    password: Annotated[bool, typer.Option("--password", help="Make a password for MQTT and print it.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Take a collar into service; what is missing is made, what is said again is corrected, what is not said stays.

    Example: animov collar add barn/tag-7 --mount leg --animal Brune --group laitieres
    """
    from animov.access import node_engine
    from animov.onboarding import Said, Wearer, onboard

    settings = settings_for("command", data_dir=data_dir)
    name = _collar_name(collar)
    if group is not None and animal is None:
        raise typer.BadParameter("a group needs --animal", param_hint="--group")
    if start is not None and animal is None:
        raise typer.BadParameter(
            "it tells since when an animal wears the collar: say --animal too", param_hint="--from"
        )
    with node_engine(settings) as engine:
        wearer = Wearer(animal, group, _instant(engine, name.farm, start) if start else None)
        said = Said(mount, axes_of(axes) if axes else None, hold_s)
        named = _device(device) if device else None
        done = onboard(engine, settings, name, said, wearer, with_password=password, device=named)
    read = (
        f"is read as a {done.reading.mount} tag, axes {','.join(done.reading.axes)}"
        if done.reading
        else "is not read yet"
    )
    sys.stdout.write(f"{name} {read}" + (f", worn by {animal}" if animal else "") + "\n")
    if done.recomputed:
        sys.stdout.write(f"{done.recomputed} messages that had come before were read again\n")
    if done.password:
        sys.stdout.write(f"MQTT user {name}\nMQTT password {done.password}\n")


@collars.command("passwords")
def write_collar_passwords(
    file: Annotated[Path, typer.Argument(help="Mosquitto's password_file; replaced in one step.", metavar="FILE")],
    reader: Annotated[
        str | None,
        typer.Option(
            help="Let this user read too, the bridge: mqtt://user:password@host, or a file that holds such a URL.",
            metavar="URL",
        ),
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", help="Go on, and write it again when it changes.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Write the password file of a Mosquitto, so that it lets in the collars that have a password.

    Example: animov collar passwords /etc/mosquitto/passwords --reader mqtt://animov:secret@localhost
    """
    from animov import lifeline
    from animov.access import node_engine
    from animov.broker_passwords import broker_named, follow_passwords, write_passwords
    from animov.supervisor import until_signal

    settings = settings_for("command", data_dir=data_dir)
    named = broker_named(reader) if reader else None
    with node_engine(settings) as engine:
        if follow:
            lifeline.watch()
            with until_signal() as ending:
                follow_passwords(engine, file, named, ending)
            return
        written = write_passwords(engine, file, named)
    sys.stdout.write(f"{file} lets in {written.collars} collars\n")
    if written.outdated:
        sys.stdout.write(f"not yet, for they need a new password: {', '.join(written.outdated)}\n")


@collars.command("swap")
def swap_collars(
    one: Annotated[str, typer.Argument(help="A collar.", metavar="FARM/COLLAR")],
    other: Annotated[str, typer.Argument(help="The collar it was exchanged with.", metavar="FARM/COLLAR")],
    start: Annotated[str, typer.Option("--from", help="Since when, ISO 8601; naive times are the farm's.")],
    data_dir: DataDir = None,
) -> None:
    """Say that two collars were exchanged: from then on each is where the other was said to be.

    Example: animov collar swap barn/tag-7 barn/tag-9 --from "2026-05-01 08:00"
    """
    from animov.access import node_engine
    from animov.audit import note
    from storage.herds import herd

    settings = settings_for("command", data_dir=data_dir)
    names = _collar_name(one), _collar_name(other)
    with node_engine(settings) as engine:
        instant = _instant(engine, names[0].farm, start)
        with engine.begin() as connection:
            collars = [herd.find_collar(connection, name) for name in names]
            herd.swap(connection, collars[0], collars[1], instant)
            swapped = f"collars {names[0].collar} and {names[1].collar}"
            note(connection, herd.find_farm(connection, names[0].farm), "collar.swapped", swapped, {"start": instant})
    sys.stdout.write(f"{one} and {other} are exchanged from {instant:%Y-%m-%d %H:%M:%S} UTC on\n")


def _collar_name(text: str) -> CollarName:
    farm, _, collar = text.partition("/")
    if not all(re.fullmatch("[A-Za-z0-9_-]{1,64}", part) for part in (farm, collar)):
        raise typer.BadParameter(
            f"{text!r} is not FARM/COLLAR, each 1 to 64 letters, digits, _ or -", param_hint="FARM/COLLAR"
        )
    return CollarName(farm, collar)


def _device(text: str) -> str:
    alias = alias_of(text)
    if alias is None:
        raise typer.BadParameter(f"{text!r} is not tts:ID, chirpstack:EUI or senml:NAME", param_hint="--device")
    return alias


def axes_of(text: str) -> tuple[str, str, str]:
    """Read an order of axes.

    Raises:
        BadParameter: it is none.
    """
    given = tuple(word.strip() for word in text.split(","))
    if sorted(word.removeprefix("-") for word in given) != ["fwd", "right", "up"]:
        raise typer.BadParameter(f"{text!r} is not an order of fwd, up and right, such as fwd,-up,right")
    return given[0], given[1], given[2]


def _instant(engine: "Engine", farm: str, text: str) -> datetime:
    """Read a time as the farm writes it; a farm that is yet to be made has the default zone."""
    from core.wallclock import WallClock, parse_time, zone_named
    from storage.herds import farms

    with engine.begin() as connection:
        zones = {one.name: one.time_zone for one in farms.all_farms(connection)}
    return WallClock(zone_named(zones.get(farm, "Europe/Paris"))).instant(parse_time(text))
