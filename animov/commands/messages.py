"""`record`, `replay`, `simulate`: messages from and to any MQTT broker."""

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from animov.commands.data import identifier
from animov.commands.options import DataDir, settings_for

if TYPE_CHECKING:
    from ingest.simulation.herd import Herd
    from ingest.simulation.settings import HerdSettings

Broker = Annotated[str, typer.Option(help="mqtt://[user[:password]@]host[:port], or mqtts:// for TLS.", metavar="URL")]
MAX = "max"


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(record)
    app.command()(replay)
    app.command()(simulate)


def record(
    file: Annotated[
        Path, typer.Argument(help="A file that does not exist yet; gzipped if it ends in .gz.", metavar="FILE")
    ],
    broker: Broker,
    topic: Annotated[list[str] | None, typer.Option(help="Topic filter, repeatable. Default: animov/#.")] = None,
) -> None:
    """Write every message of a broker to a file, as it came, until Ctrl-C.

    Example: animov record barn.jsonl.gz --broker mqtt://192.168.1.20
    """
    from animov.supervisor import until_signal
    from animov.traffic import record_until

    settings_for("command", quiet=True)
    with until_signal() as ending:
        count = record_until(ending, broker, file, topic or ["animov/#"])
    sys.stdout.write(f"{file} holds {count:,} messages\n")


def replay(
    file: Annotated[Path, typer.Argument(help="A recording.", metavar="FILE")],
    broker: Broker,
    speed: Annotated[
        str, typer.Option(help="Recorded seconds for one second, or max: as fast as the broker acknowledges.")
    ] = "1",
) -> None:
    """Publish a recording again, the same bytes in the same order, with QoS 1.

    Example: animov replay barn.jsonl.gz --broker mqtt://127.0.0.1:1883 --speed max
    """
    from animov.supervisor import until_signal
    from animov.traffic import replay_until

    settings_for("command", quiet=True)
    pace = _pace(speed)
    with until_signal() as ending:
        done = replay_until(ending, file, broker, pace)
    sys.stdout.write(f"{done:,} messages published and acknowledged\n")


def simulate(
    broker: Broker,
    farm: Annotated[str, typer.Option(help="Farm id.")] = "demo",
    goats: Annotated[int, typer.Option(min=1, max=10_000, help="Goats in all.")] = 24,
    groups: Annotated[
        int, typer.Option(min=1, max=100, help="Groups; the first of every three wears leg tags, the others collars.")
    ] = 3,
    seed: Annotated[int, typer.Option(help="Another number is another herd.")] = 1,
    start: Annotated[
        str | None, typer.Option("--from", help="When life begins; naive times are the farm's. Default: now.")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", help="When it ends. Default: never.")] = None,
    speed: Annotated[
        str, typer.Option(help="Simulated seconds for one second, or max, until the present is reached; then 1.")
    ] = "1",
    backfill_days: Annotated[
        float, typer.Option(min=0, max=3660, help="Days of postures before that, as tags upload their memory.")
    ] = 0,
    onboard: Annotated[
        bool, typer.Option("--onboard", help="First take the herd into service on the node of --data-dir.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Publish what the collars of a simulated herd would, until Ctrl-C.

    Example: animov simulate --broker mqtt://127.0.0.1:1883 --from 2026-05-01 --to 2026-05-08 --speed max --onboard
    """
    from animov.supervisor import until_signal
    from animov.traffic import Life, onboard_herd, simulate_until
    from ingest.simulation.herd import Herd

    settings = settings_for("command", quiet=True, data_dir=data_dir)
    pace = _pace(speed)
    herd = Herd(_herd_settings(farm, goats, groups, seed))
    begins, ends = (None if text is None else _instant(herd, text) for text in (start, end))
    with until_signal() as ending:
        if onboard:
            onboard_herd(settings, herd)
        count = simulate_until(ending, herd, broker, Life(begins, ends, pace, backfill_days))
    sys.stdout.write(f"{count:,} messages published and acknowledged\n")


def _pace(text: str) -> float | None:
    """Return seconds for one second; `None` is as fast as possible."""
    if text == MAX:
        return None
    try:
        pace = float(text)
    except ValueError:
        pace = 0.0
    if not 0 < pace < float("inf"):
        raise typer.BadParameter(f"{text!r} is neither a positive number nor max", param_hint="--speed")
    return pace


def _herd_settings(farm: str, goats: int, groups: int, seed: int) -> "HerdSettings":
    from ingest.simulation.settings import Group, HerdSettings

    if goats < groups:
        raise typer.BadParameter(f"{goats} goats do not make {groups} groups", param_hint="--groups")
    sizes = [goats // groups + (number < goats % groups) for number in range(groups)]
    usual = HerdSettings().groups
    herds = tuple(
        Group(
            usual[number].name if number < len(usual) else f"group-{number + 1}",
            size,
            usual[number % len(usual)].mount,
            usual[number % len(usual)].standing,
        )
        for number, size in enumerate(sizes)
    )
    return HerdSettings(farm=identifier(farm, "--farm"), seed=seed, groups=herds)


def _instant(herd: "Herd", text: str) -> datetime:
    from core.wallclock import WallClock, parse_time

    return WallClock(herd.zone).instant(parse_time(text))
