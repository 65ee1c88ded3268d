"""`backtest`: what the model would have foretold of a series in a file."""

import json
import re
import sys
from pathlib import Path
from typing import Annotated

import typer

from animov.commands.data import RatioUnit
from animov.commands.options import Json, settings_for


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(backtest)


def backtest(
    file: Annotated[Path, typer.Argument(help="CSV of date, ratio_debout.", metavar="FILE")],
    zone: Annotated[str, typer.Option(help="IANA zone of dates without an offset, and of the day's rhythm.")] = "UTC",
    unit: Annotated[RatioUnit, typer.Option(help="percent if the values go up to 100.")] = RatioUnit.RATIO,
    order: Annotated[str, typer.Option(help="Orders of the ARMA and of differencing.", metavar="p,d,q")] = "2,0,1",
    seasonal: Annotated[
        str, typer.Option(help="The same at a season of s steps; s = 0 is none.", metavar="P,D,Q,s")
    ] = "0,0,0,0",
    harmonics: Annotated[int, typer.Option(min=0, max=48, help="Sine and cosine pairs of the day.")] = 6,
    jobs: Annotated[int, typer.Option(min=1, max=256, help="Processes that share the work.")] = 1,
    as_json: Json = False,
) -> None:
    """Forecast the end of a series from rolling origins and score it beside four baselines.

    Example: animov backtest ratios.csv --order 1,0,1 --seasonal 1,0,1,96 --jobs 2 --json
    """
    from animov.accuracy import accuracy_table
    from animov.files import told
    from animov.progress import progress_bar
    from core.errors import AnimovError
    from forecast import backtest as rolling
    from forecast.ratio_file import read_ratio_csv
    from forecast.regressors import Site
    from forecast.specification import DAY, Specification

    settings_for("command", quiet=True)
    (p, d, q), (sp, sd, sq, s) = _orders(order, 3, "--order"), _orders(seasonal, 4, "--seasonal")
    with told(file):
        history = read_ratio_csv(file, zone=zone, unit=unit.value)
    harmonics = min(harmonics, DAY // history.step // 2)
    wanted = Specification(order=(p, d, q), seasonal_order=(sp, sd, sq, s), harmonics=harmonics, step=history.step)
    with progress_bar("back-test") as report:
        found = rolling.backtest(history, wanted, site=Site(zone), jobs=jobs, progress=report)
    if not found.origins:
        raise AnimovError(f"{file} holds {len(history)} steps, too few to forecast any of them from the others")
    plain = found.to_json()
    if as_json:
        sys.stdout.write(json.dumps(plain) + "\n")
        return
    models = ", ".join(f"{count} by {name}" for name, count in sorted(found.models.items()))
    sys.stdout.write(f"{wanted}\n{found.origins} forecasts: {models}\n{accuracy_table(plain['bands'])}\n")


def _orders(text: str, count: int, option: str) -> list[int]:
    if not re.fullmatch(r"\d{1,4}(,\d{1,4})*", text.replace(" ", "")) or text.count(",") != count - 1:
        raise typer.BadParameter(f"{text!r} is not {count} whole numbers with commas between", param_hint=option)
    return [int(number) for number in text.split(",")]
