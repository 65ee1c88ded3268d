"""`animals swaps` and `animals swap`: animals whose collars were exchanged, as their days say and a person confirms."""

import json
import shlex
import sys
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from animov.commands.animals import Asked, Farm, asking
from animov.commands.options import DataDir, Json

if TYPE_CHECKING:
    from storage.watching_animals import WornCollar
    from stream.behaviour.swaps import Swap


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file to those on animals."""
    app.command("swaps")(list_swaps)
    app.command("swap")(confirm_swap)


Name = Annotated[str, typer.Argument(help="An animal.", metavar="ANIMAL")]


class _Proposed(NamedTuple):
    """An exchange, with the names and the day that people know."""

    animals: tuple[str, str]
    start: str
    swap: "Swap"


def list_swaps(farm: Farm, data_dir: DataDir = None, as_json: Json = False) -> None:
    """List the animals that seem to have exchanged collars: since a day each has lived as the other did before.

    Goats of a group live alike, so many exchanges can't be seen. Nothing changes until `swap` confirms one.

    Example: animov animals swaps --farm barn
    """
    with asking(farm, None, None, None, timedelta(), data_dir) as asked:
        proposed = _proposed(asked)
    plain = [{"animals": one.animals, "from": one.start, **one.swap._asdict()} for one in proposed]
    plain = [{name: value for name, value in one.items() if name not in {"one", "other"}} for one in plain]
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
    from storage import herd
    from storage.watching_animals import worn_collars

    if one == other:
        raise typer.BadParameter("name two animals", param_hint="ANIMAL")
    with asking(farm, None, start, None, timedelta(), data_dir) as asked, asked.engine.begin() as connection:
        instant = datetime.combine(asked.first, time(), tzinfo=asked.zone)
        worn = worn_collars(connection, asked.farm_id, instant)
        collars = [_only_collar(asked, name, worn) for name in (one, other)]
        herd.swap(connection, collars[0], collars[1], instant)
    sys.stdout.write(f"the collars of {one} and {other} are exchanged from {start} on\n")


def _only_collar(asked: Asked, name: str, worn: Sequence["WornCollar"]) -> int:
    from core.errors import ConflictError, NotFoundError

    if name not in asked.animals.values():
        raise NotFoundError("animal", name)
    collars = [one.id for one in worn if asked.animals[one.animal_id] == name]
    if len(collars) != 1:
        raise ConflictError(
            f"{name} wore {len(collars)} collars on {asked.first}: name collars, with `animov collar swap`"
        )
    return collars[0]


def _proposed(asked: Asked) -> list[_Proposed]:
    """Return what the days until yesterday speak for."""
    import numpy as np

    from storage import behaviour, clocks
    from storage.watching_animals import groups_at
    from stream.behaviour.habit import HABIT_DAYS
    from stream.behaviour.looks import days_until
    from stream.behaviour.swaps import swaps_of

    yesterday = asked.last - timedelta(days=1)
    sheets: dict[int, list[behaviour.Sheet]] = {animal: [] for animal in asked.animals}
    with asked.engine.begin() as connection:
        first = yesterday - timedelta(days=HABIT_DAYS)
        for animal, sheet in behaviour.sheets_between(connection, list(sheets), first, yesterday):
            sheets[animal].append(sheet)
        groups = groups_at(connection, asked.farm_id, clocks.read(connection).now())
    if not sheets:
        return []
    names = list(asked.animals.values())
    days = np.stack([days_until(known, yesterday) for known in sheets.values()])
    found = swaps_of(days, np.array([groups.get(animal, 0) for animal in sheets]))
    return [
        _Proposed((names[swap.one], names[swap.other]), str(asked.last - timedelta(days=swap.since)), swap)
        for swap in found
    ]


def _told(proposed: _Proposed, farm: str) -> str:
    swap, (one, other) = proposed.swap, proposed.animals
    return (
        f"{one} and {other} since {proposed.start}: evidence {swap.evidence:.1f} of {swap.level:.1f} asked for,"
        f" {swap.one_way:.1f} and {swap.other_way:.1f} of each animal; if so: animov animals swap"
        f" {shlex.quote(one)} {shlex.quote(other)} --from {proposed.start} --farm {farm}\n"
    )
