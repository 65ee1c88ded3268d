"""`rejected`: messages that were not admitted, and trying them again."""

import json
import re
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from animov.commands.options import DataDir, Json, settings_for

if TYPE_CHECKING:
    from animov.rejects import Retried
    from storage.evidence.rejected import Kept

app = typer.Typer(help="Messages that were not admitted.", no_args_is_help=True)

KEY_DIGITS = 12
"""Digits of a key that are shown; enough to name one among millions."""

_KEY = re.compile("[0-9a-f]{1,64}")


@app.command("list")
def list_rejected(
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="Most messages to show.")] = 50,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """List rejected messages, the one that came last first.

    Example: animov rejected list --json
    """
    from animov.access import node_engine
    from storage.evidence.rejected import newest

    with node_engine(settings_for("command", quiet=True, data_dir=data_dir)) as engine, engine.connect() as connection:
        found = newest(connection, limit)
    sys.stdout.write(json.dumps([_plain(kept) for kept in found]) + "\n" if as_json else _table(found))


@app.command()
def show(
    key: Annotated[str, typer.Argument(help="Key as listed; its first digits are enough.", metavar="KEY")],
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Show one rejected message with its payload.

    Example: animov rejected show 3f9a
    """
    from animov.access import node_engine
    from storage.evidence.rejected import find

    wanted = _key(key)
    with node_engine(settings_for("command", quiet=True, data_dir=data_dir)) as engine, engine.connect() as connection:
        kept = find(connection, wanted)
    plain = {
        **_plain(kept),
        "payload": kept.payload.decode(errors="backslashreplace"),
        "whole": kept.message is not None,
    }
    lines = [f"{name:<15} {_printable(value)}" for name, value in plain.items()]
    sys.stdout.write(json.dumps(plain) + "\n" if as_json else "\n".join(lines) + "\n")


@app.command()
def retry(
    key: Annotated[
        str | None, typer.Argument(help="Key as listed; its first digits are enough.", metavar="KEY")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Retry all of them.")] = False,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Send rejected messages through again as received when they last came, and forget those that are admitted.

    Example: animov rejected retry --all
    """
    from animov.access import node_access
    from animov.rejects import record_retries
    from animov.rejects import retry as try_again

    if (key is None) != everything:
        raise typer.BadParameter("name one KEY, or say --all", param_hint="KEY")
    wanted = None if key is None else _key(key)
    settings = settings_for("command", quiet=True, data_dir=data_dir)
    with node_access(settings) as access:
        outcomes = list(try_again(access, settings, wanted))
        if outcomes:
            record_retries(access, outcomes)
    if as_json:
        told = [{"key": one.kept.key.hex(), "admitted": one.admitted, "why": one.why} for one in outcomes]
        sys.stdout.write(json.dumps(told) + "\n")
    else:
        sys.stdout.write(_outcomes(outcomes))
    if outcomes and not any(one.admitted for one in outcomes):
        raise typer.Exit(1)


def _key(text: str) -> str:
    if not _KEY.fullmatch(text.lower()):
        raise typer.BadParameter(f"{text!r} is not 1 to 64 hexadecimal digits", param_hint="KEY")
    return text.lower()


def _plain(kept: "Kept") -> dict[str, object]:
    times = {name: getattr(kept, name).isoformat() for name in ("first_received", "last_received")}
    plain = {**asdict(kept), **times, "key": kept.key.hex()}
    del plain["payload"]
    return plain


def _table(found: "list[Kept]") -> str:
    if not found:
        return "no rejected messages\n"
    return "".join(
        f"{kept.key.hex()[:KEY_DIGITS]}  {kept.last_received:%Y-%m-%d %H:%M:%S}  {kept.count:>6,} x  "
        f"{kept.code:<15}  {_printable(kept.topic)}  {_printable(kept.detail)}\n"
        for kept in found
    )


def _outcomes(outcomes: "list[Retried]") -> str:
    lines = [f"{one.kept.key.hex()[:KEY_DIGITS]}  {_printable(one.why or 'admitted')}\n" for one in outcomes]
    admitted = sum(one.admitted for one in outcomes)
    return "".join([*lines, f"{admitted:,} of {len(outcomes):,} admitted\n"])


def _printable(value: object) -> str:
    """Show what strangers sent without letting it move the cursor of the terminal."""
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in str(value))
