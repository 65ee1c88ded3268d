"""`import`: tables of samples, postures and ratios, in bulk."""

import json
import re
import sys
from datetime import timedelta
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from animov.commands.herd import Mount, axes_of
from animov.commands.options import DataDir, Json, settings_for

if TYPE_CHECKING:
    from animov.bulk import Imported, Read, Source
    from storage.evidence.arrived import Arrived

app = typer.Typer(help="Bring data in from files: CSV, gzipped or not, and Parquet.", no_args_is_help=True)


class SampleUnit(StrEnum):
    """Unit of acceleration."""

    G = "g"
    MG = "mg"
    M_S2 = "m/s2"


class RatioUnit(StrEnum):
    """Unit of a share."""

    RATIO = "ratio"
    PERCENT = "percent"


File = Annotated[Path, typer.Argument(help="CSV, CSV gzipped (.gz) or Parquet, sorted by time.", metavar="FILE")]
Farm = Annotated[str, typer.Option(help="Farm id; the farm is made if missing.")]
Collar = Annotated[str | None, typer.Option(help="Collar id, for a file without a column of ids.")]
Animal = Annotated[
    str | None,
    typer.Option(help="Who wears the collar. Default: whoever does; for a new collar an animal of its name."),
]
Group = Annotated[str | None, typer.Option(help="Which group the animal is in.")]
Zone = Annotated[
    str | None, typer.Option(help="IANA zone of times without an offset. Default: the farm's.", metavar="ZONE")
]
IdColumn = Annotated[str, typer.Option(help="Column of collar ids.", metavar="NAME")]
Backtest = Annotated[
    bool,
    typer.Option("--backtest/--no-backtest", help="Back-test the last days where there is a week of data or more."),
]


@app.command("samples")
def import_samples(
    file: File,
    farm: Farm = "farm",
    collar: Collar = None,
    animal: Animal = None,
    group: Group = None,
    mount: Annotated[
        Mount | None, typer.Option(help="Where the tag sits. Default: as it was taken into service; leg for a new one.")
    ] = None,
    axes: Annotated[
        str | None,
        typer.Option(
            help="What the three columns are, in order; -up where an axis points down. Default: fwd,up,right."
        ),
    ] = None,
    columns: Annotated[
        str, typer.Option(help="The three columns of acceleration, in order.", metavar="NAME,NAME,NAME")
    ] = "acc_fwd,acc_up,acc_right",
    unit: Annotated[SampleUnit, typer.Option(help="Unit of acceleration.")] = SampleUnit.G,
    time_column: Annotated[str, typer.Option(help="Column of times.", metavar="NAME")] = "time",
    id_column: IdColumn = "id",
    zone: Zone = None,
    backtest: Backtest = True,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Import acceleration, a sample a row.

    Example: animov import samples leg.csv.gz --farm barn --mount leg
    """
    from animov.bulk import Source
    from ingest.importing import SampleColumns, read_samples

    names = [name.strip() for name in columns.split(",")]
    if len(names) != 3:
        raise typer.BadParameter(f"{columns!r} does not name three columns", param_hint="--columns")
    source = Source(
        path=file,
        farm=identifier(farm, "--farm"),
        zone=zone,
        collar=identifier(collar, "--collar") if collar else None,
        id_column=id_column,
        animal=animal,
        group=group,
        mount=mount and mount.value,
        new_mount=Mount.LEG,
        axes=axes_of(axes) if axes else None,
    )
    wanted = SampleColumns(time=time_column, axes=(names[0], names[1], names[2]), unit=unit.value)
    _import(
        source,
        lambda origin, report: read_samples(file, origin, wanted, progress=report),
        data_dir,
        backtest=backtest,
        as_json=as_json,
    )


@app.command("posture")
def import_posture(
    file: File,
    farm: Farm = "farm",
    collar: Collar = None,
    animal: Animal = None,
    group: Group = None,
    time_column: Annotated[
        str, typer.Option(help="Column of times, where a row holds until the next full step.", metavar="NAME")
    ] = "local_time",
    step_s: Annotated[int, typer.Option(min=1, max=86_400, help="That step, in seconds.")] = 60,
    start_column: Annotated[
        str, typer.Option(help="Column of starts, for rows with both ends.", metavar="NAME")
    ] = "t0",
    end_column: Annotated[str, typer.Option(help="Column of ends.", metavar="NAME")] = "t1",
    posture_column: Annotated[
        str, typer.Option(help="Column of standing, lying or unknown.", metavar="NAME")
    ] = "posture",
    standing_column: Annotated[
        str, typer.Option(help="Column of seconds standing, where there is no posture.", metavar="NAME")
    ] = "standing_s",
    lying_column: Annotated[str, typer.Option(help="Column of seconds lying.", metavar="NAME")] = "lying_s",
    id_column: IdColumn = "id",
    zone: Zone = None,
    backtest: Backtest = True,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Import postures, a span or counted seconds a row.

    Example: animov import posture minutes.csv.gz --farm barn --collar tag-7 --animal Brune
    """
    from animov.bulk import Source
    from ingest.importing import PostureColumns, read_posture

    source = Source(
        path=file,
        farm=identifier(farm, "--farm"),
        zone=zone,
        collar=identifier(collar, "--collar") if collar else None,
        id_column=id_column,
        animal=animal,
        group=group,
    )
    wanted = PostureColumns(
        time=time_column,
        start=start_column,
        end=end_column,
        posture=posture_column,
        standing_s=standing_column,
        lying_s=lying_column,
        step=timedelta(seconds=step_s),
    )
    _import(
        source,
        lambda origin, report: read_posture(file, origin, wanted, progress=report),
        data_dir,
        backtest=backtest,
        as_json=as_json,
    )


@app.command("ratios")
def import_ratios(
    file: File,
    farm: Farm = "farm",
    animal: Annotated[str | None, typer.Option(help="Whose ratios they are. Default: the name of the file.")] = None,
    collar: Annotated[str | None, typer.Option(help="Collar id. Default: ratios- and the animal's name.")] = None,
    group: Group = None,
    unit: Annotated[RatioUnit, typer.Option(help="percent if the values go up to 100.")] = RatioUnit.RATIO,
    date_column: Annotated[str, typer.Option(help="Column of dates.", metavar="NAME")] = "date",
    ratio_column: Annotated[str, typer.Option(help="Column of ratios.", metavar="NAME")] = "ratio_debout",
    zone: Zone = None,
    backtest: Backtest = True,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Import shares of the time standing, a step a row; missing rows are gaps.

    Example: animov import ratios ratios.csv --farm barn --animal Brune --unit percent
    """
    from animov.bulk import Source
    from animov.ratio_messages import ratio_messages

    whose = animal or file.name.split(".")[0]
    name = identifier(collar or f"ratios-{whose}", "--collar")
    source = Source(path=file, farm=identifier(farm, "--farm"), zone=zone, collar=name, animal=whose, group=group)
    read = partial(ratio_messages, file, unit=unit.value, columns=(date_column, ratio_column))
    _import(
        source,
        lambda origin, report: read(origin, progress=report),
        data_dir,
        backtest=backtest,
        as_json=as_json,
    )


def _import(source: "Source", read: "Read", data_dir: Path | None, *, backtest: bool, as_json: bool) -> None:
    from animov.bulk import bring_in

    settings = settings_for("command", quiet=True, data_dir=data_dir)
    imported = bring_in(settings, source, read, with_backtest=backtest)
    sys.stdout.write(json.dumps(_plain(imported)) + "\n" if as_json else _told(imported))


def identifier(text: str, option: str) -> str:
    """Return an id of a topic, or tell which option holds none."""
    if not re.fullmatch("[A-Za-z0-9_-]{1,64}", text):
        raise typer.BadParameter(f"{text!r} is not 1 to 64 letters, digits, _ or -", param_hint=option)
    return text


def _plain(imported: "Imported") -> dict[str, object]:
    listed = {name: [one._asdict() for one in getattr(imported, name)] for name in ("reasons", "animals", "accuracy")}
    return {**imported._asdict(), **listed}


def _told(imported: "Imported") -> str:
    from animov.accuracy import accuracy_table

    rejected = imported.messages - imported.admitted
    lines = [f"{imported.messages:,} messages of {imported.collars} collars, {rejected:,} of them rejected"]
    lines += [f"  {reason.messages:,} {reason.code}: {reason.detail}" for reason in imported.reasons]
    lines += [_measured(one) for one in imported.animals]
    for one in imported.accuracy:
        lines += ["", f"RMSE of {one.origins} forecasts in hindsight, {one.series or 'the whole herd'}:"]
        lines += [accuracy_table(one.bands)]
    return "\n".join(lines) + "\n"


def _measured(one: "Arrived") -> str:
    share = f", a share of {one.standing_s / one.known_s:.4f}" if one.known_s else ""
    hours = f"{one.standing_s / 3600:,.2f} h standing of {one.known_s / 3600:,.2f} h known"
    return f"{one.animal}: {one.windows:,} windows, {hours}{share}"
