"""The password file of a Mosquitto that collars connect to: their passwords count there as at our own endpoint."""

import os
import re
from pathlib import Path
from threading import Event
from typing import Final, NamedTuple

from core.errors import SettingsError
from core.logs import get_logger
from ingest.broker import Broker, parse_broker
from storage.engine.database import Engine
from storage.engine.faults import TransientFaultError, told_apart
from storage.herds import credentials

log = get_logger(__name__)

LOOK_AGAIN_S: Final = 5.0
"""Wall seconds between two looks for new passwords."""

_MODE: Final = 0o640

_LINE: Final = re.compile(r".+:\$[67]\$\S+")
"""A user of Mosquitto with a hash; each kind of these begins so."""


class Written(NamedTuple):
    """What became of a password file.

    Attributes:
        changed: Whether it says something else now: the broker has to read it again.
        collars: How many it lets in.
        outdated: Collars that need a new password, for of theirs a hash is kept that Mosquitto does not check.
    """

    changed: bool
    collars: int
    outdated: list[str]


def broker_named(given: str) -> Broker:
    """Return the broker of a URL, or of the URL that a file holds, where no list of processes shows its password.

    Raises:
        SettingsError: it is neither; the message does not repeat it.
    """
    if "://" in given:
        return parse_broker(given)
    try:
        return parse_broker(Path(given).read_text("utf-8").strip())
    except (OSError, UnicodeDecodeError):
        raise SettingsError(
            "the broker is named by no URL, such as mqtt://user:password@host:port, nor by a file that holds one"
        ) from None


def write_passwords(engine: Engine, file: Path, reader: Broker | None = None) -> Written:
    """Write whom a broker lets in: each collar that has a password, as `FARM/COLLAR`, and who reads them all.

    The file is replaced in one step, and left alone if it says the same; its group may read it.

    Args:
        engine: As the role that writes.
        file: Where Mosquitto looks, its `password_file`.
        reader: The broker as the bridge knows it, with user and password.

    Raises:
        SettingsError: the reader has no password or a name that can't be written, or the file can't be written, or
            holds something else.
    """
    with engine.begin() as connection:
        known = credentials.password_hashes(connection)
    if reader is not None and reader.user in {str(name) for name in known}:
        raise SettingsError(f"{reader.user} is a collar: who reads at the broker needs another name")
    let_in = {str(name): stored for name, stored in known.items() if stored is not None}
    outdated = [str(name) for name, stored in known.items() if stored is None]
    try:
        before = _read(file)
        said = let_in if reader is None else _reader(reader, before) | let_in
        if said != before:
            _replace(file, "".join(f"{name}:{stored}\n" for name, stored in said.items()))
    except OSError as error:
        raise SettingsError(f"the password file can't be written: {error}") from None
    return Written(said != before, len(let_in), outdated)


def follow_passwords(engine: Engine, file: Path, reader: Broker | None, ending: Event) -> None:
    """Write the password file, and again whenever it would say something else, until told to end.

    While the database is away the file stays as it is.

    Raises:
        SettingsError: as `write_passwords`.
    """
    told: list[str] = []
    while not ending.is_set():
        try:
            with told_apart():
                written = write_passwords(engine, file, reader)
        except TransientFaultError as error:
            log.warning("passwords.delayed", error=str(error))
        else:
            if written.changed:
                log.info("passwords.written", collars=written.collars)
            if written.outdated != told:
                told = written.outdated
                log.warning("passwords.outdated", collars=told)
        ending.wait(LOOK_AGAIN_S)


def _reader(reader: Broker, before: dict[str, str]) -> dict[str, str]:
    """Return the line of who reads; the one of before if it lets them in, since each hash has a salt of its own."""
    if reader.user is None or reader.password is None:
        raise SettingsError("who reads at the broker needs a user and a password in its URL")
    if ":" in reader.user or not reader.user.isprintable():
        raise SettingsError(f"{reader.user!r} can't be the name of who reads: it has a colon, or what can't be shown")
    stored = before.get(reader.user, "")
    if not stored or not credentials.matches(reader.password, stored):
        stored = credentials.hash_of(reader.password)
    return {reader.user: stored}


def _read(file: Path) -> dict[str, str]:
    """Return what a password file says; one that says anything else is not ours to replace."""
    if not file.exists():
        return {}
    try:
        lines = file.read_text("utf-8").splitlines()
    except UnicodeDecodeError:
        lines = [""]
    if not all(map(_LINE.fullmatch, lines)):
        raise SettingsError(f"{file} holds something other than Mosquitto's passwords: name another file, or remove it")
    return {name: stored for name, _, stored in (line.partition(":") for line in lines)}


def _replace(file: Path, content: str) -> None:
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        beside.touch(mode=_MODE)
        beside.chmod(_MODE)
        beside.write_text(content, "utf-8")
        beside.replace(file)
    finally:
        beside.unlink(missing_ok=True)
