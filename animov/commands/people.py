"""People who may log in: `user add`, `user list`, `user password`, `user remove`."""

import json
import sys
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from animov.commands.options import DataDir, Json, settings_for

if TYPE_CHECKING:
    from storage.engine.database import Connection

app = typer.Typer(help="People who may log in.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Name to log in with.")]


class Role(StrEnum):
    """What a person may do on a farm."""

    VIEWER = "viewer"
    MANAGER = "manager"
    ADMINISTRATOR = "administrator"


@app.command("add")
def add_user(
    name: Name,
    role: Annotated[Role | None, typer.Option(help="What the person may do.")] = None,
    farm: Annotated[str | None, typer.Option(help="On which farm; made if missing.")] = None,
    until: Annotated[
        str | None, typer.Option(help="The role ends then: RFC 3339, such as 2026-12-31T23:00:00Z.", metavar="TIME")
    ] = None,
    platform: Annotated[
        bool, typer.Option("--platform", help="Make a platform administrator, who makes farms and people.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Let a person log in; the password is asked for, or read from standard input.

    Example: animov user add marie --role manager --farm barn
    """
    from animov.access import node_engine
    from animov.audit import note
    from api.people.passwords import hash_password
    from storage.access import people
    from storage.access import users as known_users
    from storage.herds import herd

    if (role is None) != (farm is None) or (role is None and not platform):
        raise typer.BadParameter("say --role and --farm, or --platform")
    ends = instant_of(until) if until else None
    with node_engine(settings_for("command", data_dir=data_dir)) as engine:
        with engine.connect() as connection:
            known = known_users.find_login(connection, name)
        password_hash = None if known else hash_password(_password_of(name))
        with engine.begin() as connection:
            user_id = known.user_id if known else known_users.create_user(connection, name, password_hash or "")
            if platform:
                people.set_platform(connection, user_id, platform=True)
            if platform or not known:
                action = "user.changed" if known else "user.made"
                note(connection, None, action, f"user {name}", {"platform": True} if platform else None)
            if role is not None and farm is not None:
                farm_id = herd.ensure_farm(connection, farm)
                known_users.set_role(connection, user_id, farm_id, role.value, ends)
                note(connection, farm_id, "person.added", f"user {name}", {"role": role.value, "until": ends})
    already = " (known already: the password stays as it was)" if known else ""
    told = " and ".join(([f"{role} of {farm}"] if role else []) + (["platform administrator"] if platform else []))
    sys.stdout.write(f"{name} is {told}{already}\n")


@app.command("list")
def list_users(data_dir: DataDir = None, as_json: Json = False) -> None:
    """List who may log in, and what they may do where.

    Example: animov user list --json
    """
    from animov.access import node_engine

    settings = settings_for("command", quiet=True, data_dir=data_dir)
    with node_engine(settings) as engine, engine.connect() as connection:
        found = _told(connection)
    if as_json:
        sys.stdout.write(json.dumps(found, default=str) + "\n")
        return
    sys.stdout.write("".join(map(_line, found)) or "nobody yet; see 'animov user add'\n")


@app.command("password")
def set_password(name: Name, data_dir: DataDir = None) -> None:
    """Give a person a new password, asked for or read from standard input; every login of theirs ends.

    Example: animov user password marie
    """
    from animov.access import node_engine
    from animov.audit import note
    from api.people.passwords import hash_password
    from storage.access import sessions, users

    hashed = hash_password(_password_of(name))
    with node_engine(settings_for("command", data_dir=data_dir)) as engine, engine.begin() as connection:
        user_id = users.login_named(connection, name).user_id
        users.set_password(connection, user_id, hashed)
        sessions.end_all(connection, user_id)
        note(connection, None, "user.password_changed", f"user {name}")
    sys.stdout.write(f"{name} has a new password; every login has ended\n")


@app.command("remove")
def remove_user(
    name: Name,
    farm: Annotated[str | None, typer.Option(help="Only from this farm.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Forget a person, or take away what the person may do on one farm; it counts at once.

    Example: animov user remove marie --farm barn
    """
    from animov.access import node_engine
    from animov.audit import note
    from storage.access import people, users
    from storage.herds.herd import find_farm

    with node_engine(settings_for("command", data_dir=data_dir)) as engine, engine.begin() as connection:
        user_id = users.login_named(connection, name).user_id
        if farm is None:
            people.delete_user(connection, user_id)
            note(connection, None, "user.deleted", f"user {name}")
        else:
            farm_id = find_farm(connection, farm)
            people.take_away(connection, farm_id, user_id)
            note(connection, farm_id, "person.removed", f"user {name}")
    sys.stdout.write(f"{name} is removed" + (f" from {farm}\n" if farm else "\n"))


def _told(connection: "Connection") -> list[dict[str, object]]:
    from storage.access import people

    everybody = people.all_users(connection, datetime.now(UTC), after=0, limit=1_000_000)
    return [
        {
            "name": user.name,
            "platform": user.platform,
            "farms": [role._asdict() for role in people.roles_of(connection, user.id)],
        }
        for user in everybody
    ]


def _line(user: dict[str, object]) -> str:
    farms = user["farms"]
    roles = [f"{one['role']} of {one['farm']}" + (f" until {one['until']}" if one["until"] else "") for one in farms]  # type: ignore[attr-defined]
    told = (["platform administrator"] if user["platform"] else []) + roles
    return f"{user['name']}  {', '.join(told) or 'no farm'}\n"


def _password_of(name: str) -> str:
    if sys.stdin.isatty():
        password: str = typer.prompt(f"Password of {name}", hide_input=True, confirmation_prompt=True)
        return password
    return sys.stdin.readline().rstrip("\n")


def instant_of(told: str) -> datetime:
    """Read an instant with its offset.

    Raises:
        BadParameter: it is none.
    """
    refusal = typer.BadParameter(f"{told!r} is not a time such as 2026-12-31T23:00:00Z")
    try:
        instant = datetime.fromisoformat(told)
    except ValueError:
        raise refusal from None
    if instant.tzinfo is None:
        raise refusal
    return instant
