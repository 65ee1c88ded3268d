"""`bench posture`: how well posture is told from collars."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from animov.commands.bench_seeds import seeds_of
from animov.commands.herd import Mount, axes_of
from animov.commands.options import Json


def posture(
    seeds: Annotated[str, typer.Option(help="Seeds of the simulated herds; empty: none.")] = "101-106",
    goats: Annotated[int, typer.Option(min=1, help="Goats of each simulated herd.")] = 4,
    mount: Annotated[Mount, typer.Option(help="Where the tags sit, simulated and recorded.")] = Mount.COLLAR,
    recordings: Annotated[
        Path | None, typer.Option(help="Folder of labelled CSVs, judged animal by animal.", metavar="DIR")
    ] = None,
    time: Annotated[str, typer.Option(help="Column of times; empty: none, --hz counts.")] = "time",
    xyz: Annotated[str, typer.Option(help="Columns of acceleration, by commas.")] = "x,y,z",
    animal: Annotated[str, typer.Option(help="Column of the animal; empty: the file's name tells.")] = "animal",
    label: Annotated[str, typer.Option(help="Column of the behaviour; empty: the file's name tells.")] = "label",
    name: Annotated[
        str | None, typer.Option(help="Regular expression with groups animal and label for the paths of files.")
    ] = None,
    standing: Annotated[str, typer.Option(help="Labels that stand, by commas.")] = "standing",
    lying: Annotated[str, typer.Option(help="Labels that lie, by commas.")] = "lying",
    unit: Annotated[str, typer.Option(help="Of acceleration: g, mg or m/s2.")] = "g",
    axes: Annotated[str, typer.Option(help="What the columns are.")] = "fwd,up,right",
    hz: Annotated[float | None, typer.Option(min=0.1, help="Samples a second, where there are no times.")] = None,
    species: Annotated[str, typer.Option(help="Of leg tags' bouts: goat or cattle.")] = "goat",
    as_json: Json = False,
) -> None:
    """Judge rules for posture on simulated collars and on any folder of labelled recordings, each animal by the others.

    Example: animov bench posture --recordings goats --label behaviour --standing standing,walking --lying lying
    """
    from animov.interrupting import interruptible
    from animov.progress import progress_bar
    from bench.posture import run
    from bench.posture_recorded import layout_of
    from bench.posture_report import told
    from core.logs import configure_logging

    configure_logging(level="WARNING", role="bench")
    layout = layout_of(
        time=time, xyz=xyz, animal=animal, label=label, name=name, standing=standing, lying=lying, unit=unit, hz=hz
    )
    with interruptible(), progress_bar("posture") as report:
        found = run(
            seeds=seeds_of(seeds),
            goats=goats,
            mount=mount.value,
            recordings=recordings,
            layout=layout,
            axes=axes_of(axes),
            species=species,
            progress=report,
        )
    sys.stdout.write(json.dumps(found) + "\n" if as_json else told(found))
