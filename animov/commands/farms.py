"""Farms as a whole: `farm export`, `farm delete`."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from animov.commands.options import DataDir, settings_for

app = typer.Typer(help="Farms as a whole: export everything, delete everywhere.", no_args_is_help=True)

FarmName = Annotated[str, typer.Argument(help="The farm.", metavar="FARM")]


@app.command("export")
def export_farm(
    farm: FarmName,
    file: Annotated[Path, typer.Argument(help="The zip to write; it must not exist.", metavar="FILE")],
    with_mlflow: Annotated[
        bool, typer.Option("--mlflow/--no-mlflow", help="Add the runs of MLflow and their files.")
    ] = True,
    data_dir: DataDir = None,
) -> None:
    """Write everything of a farm as it is at this moment into a zip, without secrets.

    Example: animov farm export barn barn.zip
    """
    from animov.access import node_engine
    from animov.whole_farm import export

    settings = settings_for("command", quiet=True, data_dir=data_dir)
    with node_engine(settings) as engine:
        size = export(engine, settings, farm, file, with_mlflow=with_mlflow, at=datetime.now(UTC))
    sys.stdout.write(f"{file} holds everything of {farm}: {size:,} bytes\n")


@app.command("delete")
def delete_farm(
    farm: FarmName,
    confirm: Annotated[
        str | None, typer.Option(help="The name of the farm once more; asked for if left out.", metavar="FARM")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Delete a farm everywhere and for ever, with the people who belong to no other; its messages are dropped.

    Example: animov farm delete barn --confirm barn
    """
    from animov.access import node_engine
    from animov.progress import progress_bar
    from animov.whole_farm import delete

    if confirm is None:
        confirm = typer.prompt(f"This deletes {farm} for ever. Its name, to confirm")
    if confirm != farm:
        raise typer.BadParameter(f"this is not {farm!r}; nothing was deleted", param_hint="--confirm")
    settings = settings_for("command", quiet=True, data_dir=data_dir)
    with node_engine(settings) as engine, progress_bar(f"deleting {farm}") as report:
        told = delete(engine, settings, farm, report)
    rest = f"; MLflow has yet to forget its runs, which the node goes on with ({told.fault})" if told.fault else ""
    sys.stdout.write(f"{farm} is deleted{rest}\n")
