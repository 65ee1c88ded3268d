"""`db`: the node's database, its tables, its state, its backups."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from animov.commands.options import DataDir, Json, settings_for

if TYPE_CHECKING:
    from storage.upkeep.status import DatabaseStatus

app = typer.Typer(help="The node's database: tables, state, backups.", no_args_is_help=True)

File = Annotated[Path, typer.Argument(help="The backup.", metavar="FILE")]


@app.command()
def upgrade(data_dir: DataDir = None) -> None:
    """Bring the tables up to date; 'up' does the same at each start.

    Example: animov db upgrade --data-dir ./barn
    """
    from animov.access import node_access
    from storage.upkeep.provision import prepare

    with node_access(settings_for("command", data_dir=data_dir)) as access:
        sys.stdout.write(f"the tables are at version {prepare(access)}\n")


@app.command()
def url(data_dir: DataDir = None) -> None:
    """Print the connection URL of the running node's database, for psql and other programs.

    Example: psql "$(animov db url --data-dir ./barn)"
    """
    from animov.access import running_access

    sys.stdout.write(running_access(settings_for("command", data_dir=data_dir)).owner + "\n")


@app.command()
def status(data_dir: DataDir = None, as_json: Json = False) -> None:
    """Show versions, sizes, lag and how long the disk will last.

    Example: animov db status --json
    """
    from animov.access import node_engine
    from storage.upkeep.status import database_status

    settings = settings_for("command", data_dir=data_dir)
    folder = settings.data_dir if settings.database_url is None else None
    with node_engine(settings) as engine, engine.connect() as connection:
        found = database_status(connection, folder)
    sys.stdout.write(json.dumps(asdict(found), default=str) + "\n" if as_json else _told(found))


@app.command()
def backup(file: File, data_dir: DataDir = None) -> None:
    """Write the whole database to a file; the node may be up.

    Example: animov db backup ./barn-2026-11-22.dump
    """
    from animov.access import node_access
    from storage.upkeep.backup import backup as write

    with node_access(settings_for("command", data_dir=data_dir)) as access:
        write(access.owner, file)
    sys.stdout.write(f"{file} holds {file.stat().st_size:,} bytes\n")


@app.command()
def restore(file: File, data_dir: DataDir = None) -> None:
    """Fill a new data directory from a backup.

    Example: animov db restore ./barn-2026-11-22.dump --data-dir ./barn2
    """
    from animov.access import fresh_access
    from storage.upkeep.backup import restore as fill
    from storage.upkeep.provision import prepare

    with fresh_access(settings_for("command", data_dir=data_dir)) as access:
        fill(access.owner, file)
        version = prepare(access)
    sys.stdout.write(f"restored {file}; the tables are at version {version}\n")


@app.command()
def reader(
    farm: Annotated[str, typer.Argument(help="Name of the farm.", metavar="FARM")], data_dir: DataDir = None
) -> None:
    """Let Grafana and other programs read one farm: make a role of its own and print the URL to log in by.

    Asked again, the role gets another password, and the one before no longer counts.

    Example: animov db reader barn
    """
    from secrets import token_urlsafe

    from animov.access import node_access
    from animov.audit import actor
    from storage.access.readers import make_reader

    with node_access(settings_for("command", data_dir=data_dir)) as access:
        url = make_reader(access.owner, farm, token_urlsafe(24), actor=actor())
    sys.stdout.write(url + "\n")


def _told(found: "DatabaseStatus") -> str:
    left = f"{found.days_left:,.0f} days of disk left" if found.days_left is not None else "disk not known"
    lines = [
        f"PostgreSQL {found.postgresql}, TimescaleDB {found.timescaledb or 'not installed'}",
        f"tables at version {found.version}, wanted {found.wanted}",
        f"node time {found.now:%Y-%m-%d %H:%M:%S} UTC",
        f"last window {found.last_window}, last forecast {found.last_forecast}",
        f"changed buckets not looked at yet {found.changed_buckets}",
        f"jobs waiting {found.jobs_waiting}, failed {found.jobs_failed}",
        f"rejected messages {found.rejected}",
        f"{found.bytes:,} bytes in all, {left}",
        *(f"  {size.table:<20} {size.rows:>12,} rows {size.bytes:>16,} bytes" for size in found.tables),
    ]
    return "\n".join(lines) + "\n"
