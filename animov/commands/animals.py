"""`animals`: what animals did, by day and bout by bout."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple
from zoneinfo import ZoneInfo

import typer

from animov.commands.options import DataDir, Json, settings_for

if TYPE_CHECKING:
    from storage.animals.behaviour import GroupSheet, Sheet
    from storage.animals.bouts import Bout
    from storage.engine.database import Engine

app = typer.Typer(help="What animals did, by day and bout by bout.", no_args_is_help=True)


_YEARS = (1970, 2200)
"""No data lie before the first or from the second on."""


class Species(StrEnum):
    """What a farm keeps."""

    GOAT = "goat"
    CATTLE = "cattle"


Farm = Annotated[str, typer.Option(help="The farm.", metavar="FARM")]
OneAnimal = Annotated[str | None, typer.Option("--animal", help="Only this animal.", metavar="NAME")]
First = Annotated[
    str | None, typer.Option("--from", help="First day on the farm's wall clock, such as 2026-05-01.", metavar="DATE")
]
Last = Annotated[str | None, typer.Option("--to", help="Last day, included. Default: today.", metavar="DATE")]


class Asked(NamedTuple):
    """What a command is about: a farm, its animals by id, days with both ends included."""

    engine: "Engine"
    farm_id: int
    zone: ZoneInfo
    animals: dict[int, str]
    first: date
    last: date


@app.command("days")
def list_days(
    farm: Farm,
    animal: OneAnimal = None,
    group: Annotated[
        str | None, typer.Option("--group", help="The means of this group in place of its animals.", metavar="NAME")
    ] = None,
    start: First = None,
    end: Last = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """List the daily sheets of animals, or of a group; the last seven days unless others are named.

    Example: animov animals days --farm barn --animal Brune --from 2026-05-01 --to 2026-05-31
    """
    from storage.animals import behaviour

    if animal is not None and group is not None:
        raise typer.BadParameter("name an animal or a group, not both", param_hint="--group")
    with asking(farm, animal, start, end, timedelta(days=6), data_dir) as asked, asked.engine.begin() as connection:
        if group is None:
            sheets = behaviour.sheets_between(connection, list(asked.animals), asked.first, asked.last)
        else:
            group_id = behaviour.find_group(connection, asked.farm_id, group)
            of_group = behaviour.group_sheets(connection, asked.farm_id, group_id, asked.first, asked.last)
    if group is None:
        plain = [{"animal": asked.animals[one], **_plain(sheet)} for one, sheet in sheets]
        told = "".join(_day_told(asked.animals[one], sheet) for one, sheet in sheets)
    else:
        plain = [{"group": group, **_plain(sheet)} for sheet in of_group]
        told = "".join(_group_told(group, sheet) for sheet in of_group)
    sys.stdout.write(json.dumps(plain) + "\n" if as_json else told or "nothing is known of these days\n")


@app.command("bouts")
def list_bouts(
    farm: Farm,
    animal: OneAnimal = None,
    start: First = None,
    end: Last = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """List the bouts of standing and lying that days have a part in; yesterday and today unless others are named.

    Times are in UTC in JSON, else on the farm's wall clock; < and > mark ends that nobody saw.

    Example: animov animals bouts --farm barn --animal Brune --from 2026-05-01 --to 2026-05-01
    """
    from storage.animals.bouts import bouts_between

    with asking(farm, animal, start, end, timedelta(days=1), data_dir) as asked, asked.engine.begin() as connection:
        span = (datetime.combine(day, time(), asked.zone) for day in (asked.first, asked.last + timedelta(days=1)))
        found = [(asked.animals[one.animal_id], one) for one in bouts_between(connection, list(asked.animals), *span)]
    told = "".join(_bout_told(name, bout, asked.zone) for name, bout in found)
    plain = [_bout_plain(name, bout) for name, bout in found]
    sys.stdout.write(json.dumps(plain) + "\n" if as_json else told or "nothing is known of these days\n")


@app.command("species")
def set_species(
    species: Annotated[Species, typer.Argument(help="What the farm keeps.")], farm: Farm, data_dir: DataDir = None
) -> None:
    """Say what a farm keeps, which decides how long lying must last to count as a bout; sheets are made again.

    Example: animov animals species cattle --farm barn
    """
    from animov.access import node_engine
    from animov.audit import note
    from storage.animals import behaviour
    from storage.herds import herd

    with node_engine(settings_for("command", quiet=True, data_dir=data_dir)) as engine, engine.begin() as connection:
        farm_id = herd.find_farm(connection, farm)
        behaviour.set_species(connection, farm_id, species.value)
        note(connection, farm_id, "farm.changed", f"farm {farm}", {"species": species.value})
    sys.stdout.write(f"{farm} keeps {species.value}\n")


@contextmanager
def asking(
    farm: str, animal: str | None, start: str | None, end: str | None, before: timedelta, data_dir: Path | None
) -> Iterator[Asked]:
    """Open the node's database, bring the farm's sheets up to date, and tell what was asked for."""
    from animov.access import node_engine
    from core.errors import NotFoundError
    from core.wallclock import zone_named
    from storage.animals import behaviour
    from storage.engine import clocks
    from storage.herds import herd
    from stream.behaviour.days import catch_up
    from stream.jobs import windows_kept_since

    settings = settings_for("command", quiet=True, data_dir=data_dir)
    with node_engine(settings) as engine:
        with engine.begin() as connection:
            farm_id = herd.find_farm(connection, farm)
            known = behaviour.animals_of(connection, farm_id)
            zone = zone_named(behaviour.basis_of(connection, farm_id).time_zone)
            today = clocks.read(connection).now().astimezone(zone).date()
        if animal is not None and animal not in known:
            raise NotFoundError("animal", animal)
        catch_up(engine, farm_id, kept_since=windows_kept_since(engine, settings))
        last = _day(end, "--to") or today
        first = _day(start, "--from") or last - before
        if first > last:
            until = last if end is not None else f"today, {last}"
            raise typer.BadParameter(f"{first} is after {until}", param_hint="--from")
        animals = {known[name]: name for name in ([animal] if animal is not None else sorted(known))}
        yield Asked(engine, farm_id, zone, animals, first, last)


def _day(told: str | None, option: str) -> date | None:
    try:
        day = None if told is None else date.fromisoformat(told)
    except ValueError:
        raise typer.BadParameter(f"{told!r} is not a date such as 2026-05-01", param_hint=option) from None
    if day is not None and not _YEARS[0] <= day.year < _YEARS[1]:
        raise typer.BadParameter(f"{day} is too far away", param_hint=option)
    return day


def _plain(sheet: "Sheet | GroupSheet") -> dict[str, object]:
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in sheet._asdict().items()}


def _bout_plain(name: str, bout: "Bout") -> dict[str, object]:
    return {
        "animal": name,
        "posture": "lying" if bout.lying else "standing",
        "start": bout.start.astimezone(UTC).isoformat(),
        "end": bout.until.astimezone(UTC).isoformat(),
        "duration_s": round((bout.until - bout.start).total_seconds()),
        "open_start": bout.open_start,
        "open_end": bout.open_end,
    }


def _day_told(name: str, sheet: "Sheet") -> str:
    counted = (
        "bouts not known"
        if sheet.lying_bouts is None
        else f"{sheet.lying_bouts:>3} lying bouts, longest {_length(sheet.longest_lying_s)}, mean"
        f" {_length(sheet.mean_lying_s)}"
        + ("" if sheet.interruptions is None else f", interrupted {sheet.interruptions} times")
    )
    hours = f"{_length(sheet.standing_s):>11} standing, {_length(sheet.lying_s):>11} lying"
    return f"{sheet.day}  {name:<16} {hours}, {sheet.coverage:4.0%} known  {counted}\n"


def _group_told(name: str, sheet: "GroupSheet") -> str:
    if sheet.standing_h is None:
        return f"{sheet.day}  {name:<16} none of {sheet.members} animals known\n"
    bouts = "bouts not known" if sheet.lying_bouts is None else f"{sheet.lying_bouts:.1f} lying bouts"
    return (
        f"{sheet.day}  {name:<16} {_hours(sheet.standing_h):>11} standing, {_hours(sheet.lying_h):>11} lying,"
        f" {sheet.measured} of {sheet.members} animals  {bouts}\n"
    )


def _bout_told(name: str, bout: "Bout", zone: ZoneInfo) -> str:
    begin, end = (edge.astimezone(zone) for edge in (bout.start, bout.until))
    posture = "lying" if bout.lying else "standing"
    opened, closed = "<" if bout.open_start else " ", ">" if bout.open_end else " "
    return (
        f"{name:<16} {posture:<8} {opened}{begin:%Y-%m-%d %H:%M:%S} to {end:%Y-%m-%d %H:%M:%S}{closed}"
        f" {_length((bout.until - bout.start).total_seconds()):>11}\n"
    )


def _length(seconds: float | None) -> str:
    from core.time_texts import lasting

    return "?" if seconds is None else lasting(seconds, "en")


def _hours(hours: float | None) -> str:
    return _length(None if hours is None else 3600 * hours)
