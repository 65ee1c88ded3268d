"""`animals swaps` and `animals swap`: animals whose collars were exchanged, as their days say and a person confirms."""

import json
import shlex
import sys
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from animov.commands.animals import Asked, Farm, asking
from animov.commands.options import DataDir, Json

if TYPE_CHECKING:
    from core.exchanges import Exchange


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file to those on animals."""
    app.command("swaps")(list_swaps)
    app.command("swap")(confirm_swap)


Name = Annotated[str, typer.Argument(help="An animal.", metavar="ANIMAL")]


class _Proposed(NamedTuple):
    """An exchange, with the names that people know, and how many days ago it began."""

    animals: tuple[str, str]
    days: int
    swap: "Exchange"


def list_swaps(farm: Farm, data_dir: DataDir = None, as_json: Json = False) -> None:
    """List the animals that seem to have exchanged collars: since a day each has lived as the other did before.

    Goats of a group live alike, so many exchanges can't be seen. Nothing changes until `swap` confirms one.

    Example: animov animals swaps --farm barn
    """
    with asking(farm, None, None, None, timedelta(), data_dir) as asked:
        proposed = _proposed(asked)
    plain = [_plain(one) for one in proposed]
    told = "".join(_told(one, farm) for one in proposed)
    sys.stdout.write(json.dumps(plain) + "\n" if as_json else told or "no two animals seem to have exchanged collars\n")


def confirm_swap(
    one: Name,
    other: Name,
    farm: Farm,
    start: Annotated[
        str, typer.Option("--from", help="First day of the exchange on the farm's wall clock.", metavar="DATE")
    ],
    data_dir: DataDir = None,
) -> None:
    """Say that two animals have worn each other's collars from a day on; windows and sheets are made again.

    `animov collar swap` does the same for collars, from an instant on.

    Example: animov animals swap Brune Noire --from 2026-05-01 --farm barn
    """
    from animov.audit import note
    from core.errors import NotFoundError
    from storage.herds import herd
    from storage.herds.herd_facts import only_collar_of

    if one == other:
        raise typer.BadParameter("name two animals", param_hint="ANIMAL")
    with asking(farm, None, start, None, timedelta(), data_dir) as asked, asked.engine.begin() as connection:
        instant = datetime.combine(asked.first, time(), tzinfo=asked.zone)
        known = {name: animal for animal, name in asked.animals.items()}
        if unknown := {one, other} - known.keys():
            raise NotFoundError("animal", min(unknown))
        collars = [only_collar_of(connection, asked.farm_id, known[name], instant) for name in (one, other)]
        herd.swap(connection, collars[0], collars[1], instant)
        note(connection, asked.farm_id, "collar.swapped", f"collars of {one} and {other}", {"start": instant})
    sys.stdout.write(f"the collars of {one} and {other} are exchanged from {start} on\n")


def _proposed(asked: Asked) -> list[_Proposed]:
    """Return what the days until yesterday speak for."""
    from stream.behaviour.exchanges import propose

    with asked.engine.begin() as connection:
        found = propose(connection, asked.farm_id, asked.last)
    return [
        _Proposed((asked.animals[one.one], asked.animals[one.other]), (asked.last - one.since).days, one)
        for one in found
    ]


def _plain(proposed: _Proposed) -> dict[str, object]:
    swap = proposed.swap
    numbers = {name: value for name, value in swap._asdict().items() if name not in {"one", "other", "since"}}
    return {"animals": proposed.animals, "from": str(swap.since), "since": proposed.days, **numbers}


def _told(proposed: _Proposed, farm: str) -> str:
    swap, (one, other) = proposed.swap, proposed.animals
    return (
        f"{one} and {other} since {swap.since}: evidence {swap.evidence:.1f} of {swap.level:.1f} asked for,"
        f" {swap.one_way:.1f} and {swap.other_way:.1f} of each animal; if so: animov animals swap"
        f" {shlex.quote(one)} {shlex.quote(other)} --from {swap.since} --farm {farm}\n"
    )
