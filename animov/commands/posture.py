"""`posture`: how collars sit, and how posture is told from them."""

import json
import sys
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from animov.commands.options import DataDir, Json, settings_for

if TYPE_CHECKING:
    from stream.calibrating.clock_faults import Clock
    from stream.calibrating.telling import State

app = typer.Typer(help="How collars sit, and how posture is told from them.", no_args_is_help=True)

Farm = Annotated[str, typer.Option(help="The farm.", metavar="FARM")]


@app.command()
def status(farm: Farm, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Tell of each collar by which rule it is read, how it sits, of how much nothing is said and why, and its clock.

    Shares are of the last day; reasons and clocks are told from a sample of its messages.

    Example: animov posture status --farm barn
    """
    from animov.access import node_engine
    from animov.edge import decoder_for
    from storage.engine import clocks
    from storage.herds import herd
    from stream.calibrating.telling import states_of

    settings = settings_for("command", quiet=True, data_dir=data_dir)
    with node_engine(settings) as engine:
        with engine.connect() as connection:
            farm_id, now = herd.find_farm(connection, farm), clocks.read(connection).now()
        states = states_of(engine, partial(decoder_for, settings), farm_id, now)
    plain = [_plain(state) for state in states]
    told = "".join(_told(state, now) for state in states)
    sys.stdout.write(json.dumps(plain) + "\n" if as_json else told or "there are no collars\n")


@app.command()
def recalibrate(
    collar: Annotated[str, typer.Argument(help="Farm and collar id, as in its topics.", metavar="FARM/COLLAR")],
    data_dir: DataDir = None,
) -> None:
    """Learn anew how a collar sits, from its walking of the last seven days, and read again what is kept raw.

    Example: animov posture recalibrate barn/c7
    """
    from animov.access import node_engine
    from animov.audit import note
    from animov.edge import decoder_for
    from core.readings import CollarName
    from storage.herds.herd import find_farm
    from stream.calibrating.keeping import relearn

    farm, _, name = collar.partition("/")
    if not farm or not name:
        raise typer.BadParameter(f"{collar!r} is not FARM/COLLAR", param_hint="FARM/COLLAR")
    settings = settings_for("command", quiet=True, data_dir=data_dir)
    with node_engine(settings) as engine:
        count = relearn(engine, settings, partial(decoder_for, settings), CollarName(farm, name))
        with engine.begin() as connection:
            note(connection, find_farm(connection, farm), "collar.recalibrated", f"collar {name}")
    sys.stdout.write(f"{collar} was learned anew; {count:,} messages were read again\n")


@app.command()
def label(
    file: Annotated[Path, typer.Argument(help="CSV: animal, from, to, posture.", exists=True, metavar="FILE")],
    farm: Farm,
    recording: Annotated[
        Path | None,
        typer.Option(help="Where the messages are, if they are not kept raw any longer.", exists=True, metavar="FILE"),
    ] = None,
    start: Annotated[
        str | None, typer.Option("--from", help="Use it from then on. Default: in ten minutes.", metavar="TIME")
    ] = None,
    history: Annotated[bool, typer.Option("--history", help="Use it for the past too, which is read again.")] = False,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Fit a model to what people saw animals do, tell how it does on others, and use it for the farm's collars.

    Ten to twenty minutes an animal are enough, of both postures. Times without an offset are on the farm's wall clock.

    Example: animov posture label seen.csv --farm barn --history
    """
    from animov.labels import Wanted, learn_labels

    if history and start is not None:
        raise typer.BadParameter("with --history it is used since ever", param_hint="--from")
    settings = settings_for("command", quiet=True, data_dir=data_dir)
    learned = learn_labels(settings, Wanted(file, farm, recording, start, history=history))
    sys.stdout.write(json.dumps(learned.plain()) + "\n" if as_json else learned.told())


def _plain(state: "State") -> dict[str, Any]:
    told = {**state._asdict(), "clock": state.clock._asdict(), "refused": state.refused and state.refused._asdict()}
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in told.items()}


def _told(state: "State", now: datetime) -> str:
    unknown = "nothing received" if state.unknown is None else f"{state.unknown:4.0%} unknown"
    why = ", ".join(f"{name} {share:.0%}" for name, share in sorted(state.reasons.items(), key=lambda one: -one[1]))
    said = [
        f"{state.collar:<16} {state.mount:<8} {state.rule:<18} {unknown}{f' ({why})' if why else ''}",
        _seat(state, now),
        f"gain {_numbers(state.gain)}, offset {_numbers(state.offset)} g" if state.gain and state.offset else "",
        f"lies below {state.threshold_g:.2f} g, axes {','.join(state.axes)}" if state.threshold_g is not None else "",
        "a new history is being worked out" if state.recomputing else "",
        _clock(state.clock),
        f"{state.refused.messages:,} messages refused, the last: {state.refused.newest}" if state.refused else "",
    ]
    return "; ".join(part for part in said if part) + "\n"


def _seat(state: "State", now: datetime) -> str:
    from core.time_texts import lasting

    if state.off and state.since is not None:
        return f"not moved since {state.since:%Y-%m-%d %H:%M} UTC: off, or the animal is dead; nothing is told of it"
    if state.turned and state.since is not None:
        return f"turned since {state.since:%Y-%m-%d %H:%M} UTC"
    if state.anchor is None:
        return ""
    age = "since ever" if state.since is None else f"for {lasting((now - state.since).total_seconds(), 'en')}"
    return f"anchor {_numbers(state.anchor)} within {state.spread_deg or 0:.0f} degrees, {age}"


def _clock(clock: "Clock") -> str:
    from core.time_texts import lasting

    behind = clock.behind_s or 0
    off = f"{lasting(abs(behind), 'en')} {'behind' if behind >= 0 else 'ahead'}"
    match clock.verdict:
        case "reset":
            return f"its clock was reset and is {off}: set it; what came so is dated before 2015"
        case "drift":
            drift = clock.drift_s or 0
            rate = f"{'loses' if drift >= 0 else 'gains'} {lasting(abs(drift), 'en')} a day"
            return f"its clock {rate} and is {off}: set it daily"
        case "offset":
            return f"its clock is {off}: set it; what it told is dated as wrongly"
        case _:
            return ""


def _numbers(numbers: Sequence[float]) -> str:
    return " ".join(f"{number:.2f}" for number in numbers)
