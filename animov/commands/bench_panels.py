"""`bench panels`: how long what dashboards ask takes."""

import json
import sys
from typing import Annotated

import typer

from animov.commands.options import Json


def panels(
    animals: Annotated[int, typer.Option(min=1, help="Animals of the herd, in groups of 25.")] = 500,
    days: Annotated[int, typer.Option(min=1, help="Days that they were measured.")] = 365,
    seed: Annotated[int, typer.Option(min=0, help="Of what they do.")] = 1,
    database: Annotated[
        str | None,
        typer.Option(help="A superuser on a server, such as one with TimescaleDB; else one of its own.", metavar="URL"),
    ] = None,
    as_json: Json = False,
) -> None:
    """Time all that dashboards and alert rules ask, as a farm's reader, on a year of a herd.

    A year of 500 animals takes 15 GB of disk and half an hour to fill.

    Example: animov bench panels --animals 100 --days 30
    """
    from animov.interrupting import interruptible
    from bench.panels import run, told
    from core.logs import configure_logging

    configure_logging(level="WARNING", role="bench")
    with interruptible():
        found = run(animals, days, seed, database)
    sys.stdout.write(json.dumps(found) + "\n" if as_json else told(found))
