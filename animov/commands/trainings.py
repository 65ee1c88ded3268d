"""`train`: a model of a group, a herd or a file; `models cancel`: give up a training, test, comparison or promotion."""

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from animov.commands.options import DataDir, Json, orders, settings_for


class Preset(StrEnum):
    """How somebody else did it."""

    FIRST_ANIMOV = "first-animov"


class Unit(StrEnum):
    """What the values of a file are."""

    RATIO = "ratio"
    PERCENT = "percent"
    ANY = "any"


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(train)


def add_to_models(app: typer.Typer) -> None:
    """Add the command of this file to those on models."""
    app.command()(cancel)


def cancel(
    training: Annotated[
        int, typer.Argument(min=1, help="Its number, as 'models trainings' lists it.", metavar="TRAINING")
    ],
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Cancel a training, test, comparison or promotion that waits or is under way, wherever it is done.

    Example: animov models cancel 7
    """
    from animov.access import node_engine
    from animov.model_life import cancelled

    with node_engine(settings_for("command", quiet=True, data_dir=data_dir)) as engine:
        before = cancelled(engine, training)
    was = "it had not begun" if before.state == "waiting" else "it ends within a second or so"
    plain = {"training": training, "was": before.state, "state": "cancelled"}
    sys.stdout.write(json.dumps(plain) + "\n" if as_json else f"training {training} is cancelled; {was}\n")


def train(
    what: Annotated[
        str, typer.Argument(help="FARM/GROUP, FARM for its herd, or a CSV file of date, ratio_debout.", metavar="WHAT")
    ],
    order: Annotated[str, typer.Option(help="Orders of the ARMA and of differencing.", metavar="p,d,q")] = "2,0,1",
    seasonal: Annotated[
        str, typer.Option(help="The same at a season of s steps; s = 0 is none.", metavar="P,D,Q,s")
    ] = "0,0,0,0",
    harmonics: Annotated[int, typer.Option(min=0, max=48, help="Sine and cosine pairs of the day.")] = 6,
    weekly_harmonics: Annotated[int, typer.Option(min=0, max=6, help="Sine and cosine pairs of the week.")] = 0,
    regressor: Annotated[
        list[str] | None,
        typer.Option(
            help="A column to regress on: solar_elevation, thi, the name of an event, a column of the file; may be "
            "repeated. Default: those of the farm's default model, for a file none.",
            metavar="NAME",
        ),
    ] = None,
    future: Annotated[
        list[str] | None,
        typer.Option(help="What of a file's column is known ahead; as of 'backtest'.", metavar="NAME=RULE"),
    ] = None,
    history: Annotated[float | None, typer.Option(min=1, help="Days to train on. Default: 21.", metavar="DAYS")] = None,
    preset: Annotated[
        Preset | None, typer.Option(help="first-animov: all but the last 2 days to train on, as it was done there.")
    ] = None,
    zone: Annotated[str, typer.Option(help="IANA zone of a file's dates without an offset.")] = "UTC",
    unit: Annotated[Unit, typer.Option(help="Of a file's values: ratio (0 to 1), percent, any.")] = Unit.RATIO,
    latitude: Annotated[float | None, typer.Option(min=-90, max=90, help="Of a file's animals.")] = None,
    longitude: Annotated[float | None, typer.Option(min=-180, max=180, help="Of a file's animals.")] = None,
    farm: Annotated[str | None, typer.Option(help="Whose the model of a file is, where there are several.")] = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Train a model on all but the last two days of a series, validate it on these, and keep it as challenger.

    Example: animov train barn/dairy --order 2,0,1 --harmonics 6
    """
    from animov.access import node_engine
    from animov.model_life import ask_for, ask_for_file, done_here, tell_mlflow
    from animov.model_texts import plain_model, plain_work, told_training
    from forecast.life.wanted import Wanted
    from storage.modelling.models import find_model

    (p, d, q), (sp, sd, sq, s) = orders(order, 3, "--order"), orders(seasonal, 4, "--seasonal")
    wanted = Wanted(
        order=(p, d, q),
        seasonal_order=(sp, sd, sq, s),
        harmonics=harmonics,
        weekly_harmonics=weekly_harmonics,
        regressors=None if regressor is None else tuple(regressor),
        history_days=history,
        preset=preset.value if preset else "",
        zone=zone,
        unit=unit.value,
        future=tuple(future or ()),
        latitude=latitude,
        longitude=longitude,
    )
    settings, file = settings_for("command", quiet=True, data_dir=data_dir), Path(what)
    is_file = file.is_file() or file.name.lower().endswith((".csv", ".csv.gz"))
    with node_engine(settings) as engine:
        number = (
            ask_for_file(engine, file, farm, wanted) if is_file else ask_for(engine, "train", what, wanted.to_json())
        )
        done = done_here(engine, settings, number)
        fault = tell_mlflow(engine, settings)
        with engine.connect() as connection:
            model = find_model(connection, done.model_id or 0)
    if fault:
        sys.stderr.write(f"MLflow is told later: {fault}\n")
    plain = {"training": plain_work(done), "model": plain_model(model), "logged": not fault}
    sys.stdout.write(json.dumps(plain) + "\n" if as_json else told_training(done, model))
