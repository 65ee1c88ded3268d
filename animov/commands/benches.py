"""`bench`: what the parts of a node cost on this machine."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from animov.commands.bench_alarms import alarms
from animov.commands.bench_api import api
from animov.commands.bench_panels import panels
from animov.commands.bench_posture import posture
from animov.commands.node import libraries_of_the_cluster
from animov.commands.options import Json

app = typer.Typer(help="Measure what the parts of a node cost on this machine.", no_args_is_help=True)
app.command()(posture)
app.command()(alarms)
app.command()(api)
app.command()(panels)


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
    from animov.interrupting import interruptible
    from bench.ingest import run, told
    from core.logs import configure_logging

    configure_logging(level="WARNING", role="bench")
    with interruptible():
        found = run(messages)
    sys.stdout.write(json.dumps(found) + "\n" if as_json else told(found))


@app.command()
def cluster(
    messages: Annotated[int, typer.Option(min=10_000, help="Messages of a load, about.")] = 100_000,
    as_json: Json = False,
) -> None:
    """Measure a bridge beside Mosquitto and a worker beside bare aiokafka; needs Linux, a checkout, Java and Maven.

    Example: animov bench cluster --messages 50000 --json
    """
    from animov.interrupting import interruptible
    from core.logs import configure_logging

    with libraries_of_the_cluster():
        from bench.cluster_costs import run, told
    configure_logging(level="WARNING", role="bench")
    with interruptible():
        found = run(messages)
    sys.stdout.write(json.dumps(found) + "\n" if as_json else told(found))


@app.command()
def chaos(
    messages: Annotated[int, typer.Option(min=1000, help="Messages that collars send meanwhile.")] = 200_000,
    faults: Annotated[int, typer.Option(min=1, help="How many; nine kinds, each once before any comes again.")] = 22,
    seed: Annotated[int, typer.Option(help="Of their order.")] = 1,
) -> None:
    """Kill, stop, add and take away parts of a cluster at work and compare every row; needs what `cluster` needs.

    Example: animov bench chaos --messages 20000 --faults 9 --seed 3
    """
    from animov.interrupting import interruptible
    from core.logs import configure_logging

    with libraries_of_the_cluster():
        from bench.chaos import run
    configure_logging(level="WARNING", role="bench")
    with interruptible():
        found = run(messages, faults, seed)
    sys.stdout.write(json.dumps(found) + "\n")


@app.command()
def month(
    animals: Annotated[int, typer.Option(min=1, help="Animals of the herd, in groups of 25.")] = 500,
    days: Annotated[int, typer.Option(min=2, help="Days that they upload.")] = 30,
    as_json: Json = False,
) -> None:
    """Weigh what a month of a simulated herd takes: disk by table, memory; needs Linux.

    Example: animov bench month --animals 100 --days 7
    """
    from animov.interrupting import interruptible
    from bench.month import run, told
    from core.logs import configure_logging

    configure_logging(level="WARNING", role="bench")
    with interruptible():
        found = run(animals, days)
    sys.stdout.write(json.dumps(found) + "\n" if as_json else told(found))


@app.command()
def storage(
    database: Annotated[str, typer.Argument(help="URL of a superuser on a server with TimescaleDB.", metavar="URL")],
    animals: Annotated[int, typer.Option(min=1, help="Animals that are weighed.")] = 500,
    days: Annotated[int, typer.Option(min=1, help="Days that they are weighed for.")] = 30,
    year_animals: Annotated[int, typer.Option(min=0, help="Animals that are looked at over a year; 0: none.")] = 100,
    flicker: Annotated[bool, typer.Option(help="Seconds as leg tags give them; else as devices report them.")] = True,
    as_json: Json = False,
) -> None:
    """Weigh windows and evidence by rows and by columns, and time the views of a year, in databases of its own.

    Example: animov bench storage postgresql://postgres@localhost/postgres --animals 100
    """
    from animov.interrupting import interruptible
    from bench.storage import run, told
    from core.logs import configure_logging

    configure_logging(level="WARNING", role="bench")
    with interruptible():
        found = run(database, animals, days, year_animals, flicker=flicker)
    sys.stdout.write(json.dumps(found) + "\n" if as_json else told(found))


@app.command()
def forecast(
    series: Annotated[str, typer.Option(help="Numbers of series, by commas.")] = "1,100,1000,10000",
    sample: Annotated[int, typer.Option(min=0, help="Series that other libraries forecast too; 0: none.")] = 10,
    farm_groups: Annotated[int, typer.Option(min=1, help="Groups of a farm, with the database.")] = 20,
    seed: Annotated[int, typer.Option(min=0, help="Of the simulated animals.")] = 1,
    database: Annotated[bool, typer.Option(help="Measure whole cycles with a database too.")] = True,
    large: Annotated[bool, typer.Option(help="Cycles of more than 1,000 groups too: much disk and time.")] = False,
    as_json: Json = False,
) -> None:
    """Measure refits, updates, forecasts and whole cycles, beside other libraries where these are; needs Linux.

    Example: uv run --group rivals animov bench forecast --series 1,100 --sample 3
    """
    from animov.interrupting import interruptible
    from bench.forecast_report import told
    from bench.forecasting import run
    from core.logs import configure_logging

    configure_logging(level="WARNING", role="bench")
    sizes = _sizes(series)
    with interruptible():
        found = run(sizes, seed=seed, sample=sample, groups_per_farm=farm_groups, database=database, large=large)
    sys.stdout.write(json.dumps(found) + "\n" if as_json else told(found))


@app.command()
def accuracy(
    files: Annotated[list[Path] | None, typer.Argument(help="CSV files of date, ratio_debout.", metavar="FILE")] = None,
    herds: Annotated[int, typer.Option(min=0, max=100, help="Simulated herds of four groups; 0: none.")] = 6,
    seed: Annotated[int, typer.Option(min=0, help="Of the first herd; the others count on.")] = 1,
    recordings: Annotated[Path | None, typer.Option(help="Folder of the real recordings.", metavar="DIR")] = None,
    zone: Annotated[str, typer.Option(help="IANA zone of the files' dates without an offset.")] = "UTC",
    as_json: Json = False,
) -> None:
    """Measure errors and coverage of forecasts on simulated herds, real recordings and files, beside simple forecasts.

    Example: animov bench accuracy --herds 3 ratios.csv --zone Europe/Paris
    """
    from animov.interrupting import interruptible
    from animov.progress import progress_bar
    from bench.accuracy import run, told
    from core.logs import configure_logging

    configure_logging(level="WARNING", role="bench")
    with interruptible(), progress_bar("accuracy") as report:
        found = run(herds=herds, seed=seed, recordings=recordings, files=files or [], zone=zone, progress=report)
    sys.stdout.write(json.dumps(found) + "\n" if as_json else told(found))


def _sizes(text: str) -> list[int]:
    parts = text.replace("_", "").split(",")
    if not all(part.isdecimal() and int(part) > 0 for part in parts):
        raise typer.BadParameter("numbers of series, each at least 1, such as 1,100,1000")
    return sorted({int(part) for part in parts})
