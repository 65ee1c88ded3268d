"""`bench`: what the parts of a node cost on this machine."""

import json
import sys
from typing import Annotated

import typer

from animov.commands.options import Json

app = typer.Typer(help="Measure what the parts of a node cost on this machine.", no_args_is_help=True)


@app.callback()
def benches() -> None:
    """Measure what the parts of a node cost on this machine."""


@app.command()
def ingest(
    messages: Annotated[int, typer.Option(min=10_000, help="Messages of a load, about.")] = 200_000,
    as_json: Json = False,
) -> None:
    """Send messages to an edge of its own and measure until their rows are committed; needs Linux.

    Example: animov bench ingest --messages 100000 --json
    """
    from bench.ingest import run, told
    from core.logs import configure_logging

    configure_logging(level="WARNING", role="bench")
    found = run(messages)
    sys.stdout.write(json.dumps(found) + "\n" if as_json else told(found))


@app.command()
def month(
    animals: Annotated[int, typer.Option(min=1, help="Animals of the herd, in groups of 25.")] = 500,
    days: Annotated[int, typer.Option(min=2, help="Days that they upload.")] = 30,
    as_json: Json = False,
) -> None:
    """Weigh what a month of a simulated herd takes: disk by table, memory; needs Linux.

    Example: animov bench month --animals 100 --days 7
    """
    from bench.month import run, told
    from core.logs import configure_logging

    configure_logging(level="WARNING", role="bench")
    found = run(animals, days)
    sys.stdout.write(json.dumps(found) + "\n" if as_json else told(found))
