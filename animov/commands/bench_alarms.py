"""`bench alarms`: how soon illness is told from standing and lying, at how many false alarms."""

import json
import sys
from typing import Annotated

import typer

from animov.commands.bench_seeds import seeds_of
from animov.commands.options import Json


def alarms(
    seeds: Annotated[str, typer.Option(help="Seeds of the herds that are reported.")] = "301-312",
    tuning: Annotated[str, typer.Option(help="Seeds of the herds on which levels are set, others.")] = "1-20",
    animals: Annotated[int, typer.Option(min=2, help="Goats of each of a herd's three groups.")] = 12,
    as_json: Json = False,
) -> None:
    """Measure false alarms, and the delay until ill goats of simulated herds are found, beside two simple rules.

    Example: animov bench alarms --seeds 201-203 --tuning 1-6
    """
    from animov.interrupting import interruptible
    from animov.progress import progress_bar
    from bench.alarms import run
    from bench.alarms_report import told
    from core.logs import configure_logging

    configure_logging(level="WARNING", role="bench")
    reported, tuned = seeds_of(seeds), seeds_of(tuning)
    if set(reported) & set(tuned):
        raise typer.BadParameter("herds on which levels are set are not to be reported")
    with interruptible(), progress_bar("alarms") as report:
        found = run(seeds=reported, tuning=tuned, animals=animals, progress=report)
    sys.stdout.write(json.dumps(found) + "\n" if as_json else told(found))
