"""`backtest`: what the model would have foretold of a series in a file."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from animov.commands.data import RatioUnit
from animov.commands.options import Json, orders, settings_for
from core.ratios import DATE, RATIO

if TYPE_CHECKING:
    from forecast.inputs import History
    from forecast.life.ratio_file import SeriesTable, ValueUnit
    from forecast.specification import Specification

_WONDER_S: Final = 5.0
"""Seconds of which nobody asks how many they will be."""


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(backtest)


def backtest(
    file: Annotated[Path, typer.Argument(help="CSV of date, ratio_debout; .gz is unpacked.", metavar="FILE")],
    zone: Annotated[str, typer.Option(help="IANA zone of dates without an offset, and of the day's rhythm.")] = "UTC",
    unit: Annotated[RatioUnit, typer.Option(help="percent if the values go up to 100.")] = RatioUnit.RATIO,
    unbounded: Annotated[
        bool, typer.Option("--unbounded", help="The values are any numbers, not shares; forecasts are not limited.")
    ] = False,
    date: Annotated[str, typer.Option(help="Column of dates.", metavar="NAME")] = DATE,
    value: Annotated[str, typer.Option(help="Column of values.", metavar="NAME")] = RATIO,
    regressor: Annotated[
        list[str] | None,
        typer.Option(
            help="A numeric column to regress on, or solar_elevation, daylight, moonlight; may be repeated.",
            metavar="NAME",
        ),
    ] = None,
    future: Annotated[
        list[str] | None,
        typer.Option(
            help="What of a column is known ahead: known (the file's values were), last (its last value goes on), "
            "day (the day before again) or a number; once for each column.",
            metavar="NAME=RULE",
        ),
    ] = None,
    latitude: Annotated[float | None, typer.Option(min=-90, max=90, help="Of the farm, for sun and moon.")] = None,
    longitude: Annotated[float | None, typer.Option(min=-180, max=180, help="Of the farm.")] = None,
    order: Annotated[str, typer.Option(help="Orders of the ARMA and of differencing.", metavar="p,d,q")] = "2,0,1",
    seasonal: Annotated[
        str, typer.Option(help="The same at a season of s steps; s = 0 is none.", metavar="P,D,Q,s")
    ] = "0,0,0,0",
    harmonics: Annotated[int, typer.Option(min=0, max=48, help="Sine and cosine pairs of the day.")] = 6,
    weekly_harmonics: Annotated[int, typer.Option(min=0, max=6, help="Sine and cosine pairs of the week.")] = 0,
    history: Annotated[int, typer.Option(min=1, max=365, help="Days that each forecast learns from.")] = 21,
    jobs: Annotated[int, typer.Option(min=1, max=256, help="Processes that share the work.")] = 1,
    as_json: Json = False,
) -> None:
    """Forecast the end of a series from rolling origins and score it beside four baselines.

    Example: animov backtest ratios.csv --order 1,0,1 --seasonal 1,0,1,96 --regressor temperature --future
    temperature=day --jobs 2 --json
    """
    from animov.accuracy import accuracy_table
    from animov.interrupting import interruptible
    from animov.progress import progress_bar
    from core.errors import AnimovError
    from core.regressors import SKY
    from forecast.choosing import backtest as rolling
    from forecast.life.known_ahead import columns_ahead, rules_of
    from forecast.regressors.design import Site
    from forecast.specification import DAY, Specification

    settings_for("command", quiet=True)
    (p, d, q), (sp, sd, sq, s) = orders(order, 3, "--order"), orders(seasonal, 4, "--seasonal")
    names = tuple(regressor or ())
    given = SKY.intersection(names)
    table = _table(file, zone, "any" if unbounded else unit.value, date, value, [n for n in names if n not in given])
    step, site = table.history.step, Site(zone, latitude, longitude)
    wanted = Specification(
        order=(p, d, q),
        seasonal_order=(sp, sd, sq, s),
        harmonics=min(harmonics, DAY // step // 2),
        weekly_harmonics=weekly_harmonics,
        regressors=names,
        history=history * DAY,
        bounds=None if unbounded else (0.0, 1.0),
        step=step,
    )
    columns = columns_ahead(table, rules_of(future or ()), site, given)
    with interruptible(), progress_bar("back-test") as report:
        origins = rolling.rolling_origins(len(table.history), wanted.steps_per_day)
        _tell_duration(table.history, wanted, len(origins), jobs)
        found = rolling.backtest(
            table.history,
            wanted,
            site=site,
            columns_at=columns.at,
            origins=origins,
            jobs=jobs,
            progress=report,
        )
    if not found.origins:
        raise AnimovError(f"{file} holds {len(table.history)} steps, too few to forecast any of them from the others")
    plain = found.to_json()
    if as_json:
        sys.stdout.write(json.dumps(plain) + "\n")
        return
    models = ", ".join(f"{count} by {name}" for name, count in sorted(found.models.items()))
    sys.stdout.write(f"{wanted}\n{found.origins} forecasts: {models}\n{accuracy_table(plain['bands'])}\n")


def _table(file: Path, zone: str, unit: "ValueUnit", date: str, value: str, regressors: Sequence[str]) -> "SeriesTable":
    from animov.files import told
    from forecast.life.ratio_file import read_ratio_table

    with told(file):
        return read_ratio_table(file, zone=zone, unit=unit, date=date, value=value, regressors=regressors)


def _tell_duration(history: "History", specification: "Specification", origins: int, jobs: int) -> None:
    """Say on standard error how long it will take, if it is long enough to wonder."""
    from core.time_texts import lasting
    from forecast.choosing.backtest import EVERY
    from forecast.kernel.batch import is_batched
    from forecast.model.cost import fit_cost, loading_cost, pace
    from forecast.rolling.calibrating import WINDOW_DAYS
    from forecast.rolling.past_errors import REFIT

    each = fit_cost(len(history.last(specification.history)), specification)
    looked_at = min(len(history), origins * EVERY + WINDOW_DAYS * specification.steps_per_day)
    calibrating = each * looked_at / REFIT if not is_batched(specification) else 0.0
    loading = loading_cost("statsmodels") * min(2, jobs)  # of several processes all but the first load it at once
    seconds = pace() * (origins * each / jobs + calibrating + loading)
    if seconds > _WONDER_S:
        sys.stderr.write(f"{origins} forecasts, about {lasting(seconds, 'en')}; Ctrl-C ends it\n")
