"""`bench api`: what the API costs."""

import json
import sys
from typing import Annotated

import typer

from animov.commands.options import Json


def api(
    animals: Annotated[int, typer.Option(min=1, help="Animals of the herd, in groups of 25.")] = 500,
    days: Annotated[int, typer.Option(min=1, help="Days that they were measured.")] = 365,
    seed: Annotated[int, typer.Option(min=0, help="Of what they do.")] = 1,
    listeners: Annotated[int, typer.Option(min=1, help="Who listen live at once.")] = 2000,
    as_json: Json = False,
) -> None:
    """Measure the calls that integrators make most, a year's export, live listeners and a start; needs Linux.

    A year of 500 animals takes 9 GB of disk and some minutes to fill.

    Example: animov bench api --animals 100 --days 30
    """
    from animov.interrupting import interruptible
    from bench.api import Effort, run
    from bench.api_report import told
    from core.logs import configure_logging

    configure_logging(level="WARNING", role="bench")
    with interruptible():
        found = run(animals, days, seed, Effort(listeners=listeners))
    sys.stdout.write(json.dumps(found) + "\n" if as_json else told(found))
