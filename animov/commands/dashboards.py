"""`dashboards`: Grafana's dashboards and alert rules, as files and into a server."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from animov.commands.options import DataDir, language_named, settings_for

app = typer.Typer(help="Grafana's dashboards and alert rules.", no_args_is_help=True)


@app.callback()
def _dashboards() -> None:
    """Grafana's dashboards and alert rules."""


@app.command()
def build(
    folder: Annotated[
        Path | None, typer.Option(help="Where to write them; where they are committed if left out.", metavar="DIR")
    ] = None,
) -> None:
    """Write dashboards and alert rules as files that a Grafana server is provisioned from, in French and in English.

    Example: animov dashboards build --folder ./grafana
    """
    from dashboards.building import FOLDER
    from dashboards.building import build as write

    wanted = FOLDER if folder is None else folder
    sys.stdout.write(f"{write(wanted)} files of {wanted} written anew\n")


@app.command()
def push(
    farm: Annotated[list[str], typer.Option(help="Name of the farm; given again, of more.", metavar="FARM")],
    url: Annotated[str | None, typer.Option(help="Grafana's; ANIMOV_GRAFANA_URL if left out.", metavar="URL")] = None,
    token: Annotated[
        str | None, typer.Option(help="Of a service account; ANIMOV_GRAFANA_TOKEN if left out.", metavar="TOKEN")
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="What the reader of several farms is called.", metavar="NAME")
    ] = None,
    database: Annotated[
        str | None,
        typer.Option(help="Where Grafana reaches the database, if not as this machine does.", metavar="HOST:PORT"),
    ] = None,
    lang: Annotated[str, typer.Option(help="Language of the dashboards: fr or en.")] = "fr",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Bring a Grafana server to show farms: folder, data source as a role that reads them alone, dashboards, rules.

    Who may look into the organisation of the token may ask for all that the role reads: farms that are not to see each
    other need an organisation each. With an embedded database the node must be up with --db-port.

    Example: animov dashboards push --url http://127.0.0.1:3000 --farm barn --dry-run
    """
    from animov.dashboards import push_farms

    settings = settings_for("command", quiet=True, data_dir=data_dir, grafana_url=url, grafana_token=token)
    changed = push_farms(settings, farm, name=name, address=database, language=language_named(lang), dry_run=dry_run)
    for one in changed:
        what = "would write" if dry_run else "wrote"
        sys.stdout.write(f"{what} {one.wanted.kind} {one.wanted.uid}\n")
        if dry_run:
            sys.stdout.write(one.told() + "\n")
    if not changed:
        sys.stdout.write("everything is there as it should be\n")
