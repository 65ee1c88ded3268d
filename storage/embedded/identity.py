"""As whom the server runs: PostgreSQL refuses root, so root lends it another name or another user."""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Literal

from core.errors import UnavailableError
from storage.embedded import launch
from storage.embedded.binaries import program

if sys.platform == "win32":
    raise UnavailableError(
        "the embedded PostgreSQL runs on Linux and macOS; on Windows set ANIMOV_DATABASE_URL to a PostgreSQL server"
    )

import pwd  # Windows has none

_PROBE_S: Final = 30


@dataclass(frozen=True, slots=True)
class Identity:
    """As whom the server runs.

    Attributes:
        how: `as-is`; `map`, the present user under another name in a user namespace of its own; `become`,
            root turned into another user.
        name_uid: User id that the server sees as its own; it is in the system's list of users.
        name_gid: Group id that it sees as its own.
        file_uid: User id by which the kernel grants it files, and which owns what it creates.
        file_gids: Group ids by which the kernel grants it files, the main one first.
    """

    how: Literal["as-is", "map", "become"]
    name_uid: int
    name_gid: int
    file_uid: int
    file_gids: tuple[int, ...]


def identity_for(data_dir: Path) -> Identity:
    """Choose as whom the server of an existing data directory runs.

    Raises:
        UnavailableError: PostgreSQL cannot reach the folder or its own programs as anybody but root.
    """
    chosen = _choose()
    for needed in (program("postgres"), data_dir.parent if chosen.how == "become" else data_dir):
        closed = closed_folder(needed, chosen)
        if closed is not None:
            raise UnavailableError(_refusal(chosen, closed))
    return chosen


def command(identity: Identity, argv: Sequence[str | Path]) -> list[str]:
    """Return the command that runs a program as `identity`, ending with the calling process."""
    launcher = [sys.executable, "-I", "-S", launch.__file__, str(os.getpid())]
    return [*launcher, identity.how, str(identity.name_uid), str(identity.name_gid), *map(str, argv)]


def closed_folder(path: Path, identity: Identity) -> Path | None:
    """Return the first folder on the way to and including `path` that `identity` may not enter; `None` if all are open.

    For the ordinary user nothing is asked: the kernel's own refusal is the better judge there.
    """
    if identity.how == "as-is":
        return None
    for folder in (*reversed(path.parents), path):
        if not _may_enter(folder.stat(), identity):
            return folder
    return None


def _may_enter(status: os.stat_result, identity: Identity) -> bool:
    if status.st_uid == identity.file_uid:
        return bool(status.st_mode & 0o100)
    if status.st_gid in identity.file_gids:
        return bool(status.st_mode & 0o010)
    return bool(status.st_mode & 0o001)


def _choose() -> Identity:
    uid, gid = os.geteuid(), os.getegid()
    groups = (gid, *os.getgroups())
    if uid != 0 and _has_name(uid):
        return Identity("as-is", uid, gid, uid, groups)
    stranger = _unprivileged_user()
    mapped = Identity("map", stranger.pw_uid, stranger.pw_gid, uid, groups)
    if _works(mapped):
        return mapped
    if uid != 0:
        raise UnavailableError(f"user id {uid} is not in the system's list of users, which PostgreSQL asks for; add it")
    return Identity("become", stranger.pw_uid, stranger.pw_gid, stranger.pw_uid, (stranger.pw_gid,))


def _has_name(uid: int) -> bool:
    return any(user.pw_uid == uid for user in pwd.getpwall())


def _unprivileged_user() -> pwd.struct_passwd:
    others = [user for user in pwd.getpwall() if user.pw_uid != 0]
    if not others:
        raise UnavailableError("PostgreSQL does not run as root, and this system has no other user; add one")
    return next((user for user in others if user.pw_name == "nobody"), others[-1])


@cache
def _works(identity: Identity) -> bool:
    """Tell whether the kernel lets us be `identity`; containers and hardened systems often forbid namespaces."""
    probe = command(identity, [program("postgres"), "--version"])
    done = subprocess.run(probe, check=False, capture_output=True, timeout=_PROBE_S)  # noqa: S603 - our own launcher
    return done.returncode == 0


def _refusal(identity: Identity, closed: Path) -> str:
    reason = "PostgreSQL does not run as root and "
    if identity.how == "become":
        reason += "user namespaces are not allowed here, so it would run as another user, "
    else:
        reason += "it would run without root's powers, "
    return (
        f"{reason}who may not enter {closed}; start AniMOV as an ordinary user, or choose a --data-dir whose parent "
        "folders are open to all"
    )
