"""API keys of machines, and the keys that sign access tokens: `key add`, `list`, `revoke`, `rotate-signing`."""

import json
import sys
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer

from animov.commands.options import DataDir, Json, settings_for

app = typer.Typer(help="API keys, and the keys that sign access tokens.", no_args_is_help=True)

FarmName = Annotated[str, typer.Argument(help="The farm.", metavar="FARM")]


class KeyScope(StrEnum):
    """What a key is good for."""

    READ = "read"
    WRITE = "write"
    READINGS = "readings"


@app.command("add")
def add_key(
    farm: FarmName,
    name: Annotated[str, typer.Option(help="What it is for.")],
    scope: Annotated[
        list[KeyScope],
        typer.Option(help="read: see the farm; write: change it too; readings: send what a collar would."),
    ],
    until: Annotated[
        str | None, typer.Option(help="It ends then: RFC 3339, such as 2026-12-31T23:00:00Z.", metavar="TIME")
    ] = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Make an API key for a machine and print it: it is shown this once.

    Example: animov key add barn --name parlour --scope read --scope readings
    """
    from animov.access import node_engine
    from animov.audit import note
    from animov.commands.people import instant_of
    from storage.access.api_keys import KEY_SCOPES, make_key
    from storage.herds.herd import find_farm

    ends = instant_of(until) if until else None
    wanted = {each.value for each in scope}
    scopes = [known for known in KEY_SCOPES if known in wanted]
    with node_engine(settings_for("command", quiet=True, data_dir=data_dir)) as engine, engine.begin() as connection:
        farm_id, now = find_farm(connection, farm), datetime.now(UTC)
        made, key = make_key(connection, farm_id, name, scopes=scopes, by="a command", at=now, expires_at=ends)
        told = {"scopes": scopes, "expires_at": ends}
        note(connection, farm_id, "key.made", f"key {made.prefix} {made.name}", told)
    sys.stdout.write(json.dumps({"id": made.id, "key": key}) + "\n" if as_json else f"{key}\n")


@app.command("list")
def list_keys(farm: FarmName, data_dir: DataDir = None, as_json: Json = False) -> None:
    """List the API keys of a farm.

    Example: animov key list barn
    """
    from animov.access import node_engine
    from storage.access.api_keys import keys_of
    from storage.herds.herd import find_farm

    settings = settings_for("command", quiet=True, data_dir=data_dir)
    with node_engine(settings) as engine, engine.connect() as connection:
        found = keys_of(connection, find_farm(connection, farm))
    if as_json:
        sys.stdout.write(json.dumps([one._asdict() for one in found], default=str) + "\n")
        return
    lines = [
        f"{one.id}  {one.prefix}...  {one.name}  {','.join(one.scopes)}  last used {one.used_at or 'never'}\n"
        for one in found
    ]
    sys.stdout.write("".join(lines) or "no keys yet; see 'animov key add'\n")


@app.command()
def revoke(
    farm: FarmName,
    key: Annotated[int, typer.Argument(min=1, help="Number of the key, as listed.", metavar="KEY")],
    data_dir: DataDir = None,
) -> None:
    """Revoke an API key: it lets nobody in from now on.

    Example: animov key revoke barn 2
    """
    from animov.access import node_engine
    from animov.audit import note
    from storage.access import api_keys
    from storage.herds.herd import find_farm

    with node_engine(settings_for("command", quiet=True, data_dir=data_dir)) as engine, engine.begin() as connection:
        farm_id = find_farm(connection, farm)
        revoked = api_keys.revoke(connection, farm_id, key)
        note(connection, farm_id, "key.revoked", f"key {revoked.prefix} {revoked.name}")
    sys.stdout.write(f"{revoked.prefix}... {revoked.name} is revoked\n")


@app.command("rotate-signing")
def rotate_signing(data_dir: DataDir = None) -> None:
    """Sign access tokens with a new key from now on; nobody is logged out.

    Example: animov key rotate-signing
    """
    from animov.access import node_engine
    from animov.audit import note
    from storage.access import signing

    settings = settings_for("command", quiet=True, data_dir=data_dir)
    with node_engine(settings) as engine, engine.begin() as connection:
        newest = signing.rotate(connection, settings.signing_algorithm, datetime.now(UTC))[0]
        note(connection, None, "signing_key.rotated", f"signing key {newest.kid}")
    sys.stdout.write(
        f"key {newest.kid} ({newest.algorithm}) signs within a minute; the one before it checks for an hour\n"
    )
