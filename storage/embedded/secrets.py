"""The secrets of one node: made at its first start, kept in `secrets.json`, readable by its owner only."""

import contextlib
import json
import os
import secrets
import tempfile
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Final

from core.errors import UnavailableError

FILE: Final = "secrets.json"
_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Secrets:
    """Passwords of the database roles and the key that signs tokens; none of them shows in `repr`.

    Attributes:
        superuser: Password of the role that made the cluster; for making roles and nothing else.
        owner: Password of `animov_owner`, who owns the tables and migrates them.
        app: Password of `animov_app`, for ingest, stream and forecast.
        api: Password of `animov_api`.
        jwt: Key of access tokens, 43 characters for 32 random bytes.
    """

    superuser: str = field(repr=False)
    owner: str = field(repr=False)
    app: str = field(repr=False)
    api: str = field(repr=False)
    jwt: str = field(repr=False)


def load(data_dir: Path) -> Secrets:
    """Read the secrets of a node.

    Raises:
        FileNotFoundError: the node has none yet.
        UnavailableError: the file is not one of ours, or a secret is missing from it.
    """
    path = data_dir / FILE
    try:
        return _decode(path.read_text("ascii"))
    except (ValueError, KeyError, TypeError):
        raise UnavailableError(f"{path} is damaged; put it back from a backup, the database needs it") from None


def load_or_create(data_dir: Path) -> Secrets:
    """Read the secrets of a node, or make them; of two processes that do so at once both get the same.

    Args:
        data_dir: Exists already.
    """
    with contextlib.suppress(FileNotFoundError):
        return load(data_dir)
    _publish(data_dir, _fresh())
    return load(data_dir)


def _fresh() -> Secrets:
    return Secrets(**{each.name: secrets.token_urlsafe(_BYTES) for each in fields(Secrets)})


def _decode(text: str) -> Secrets:
    stored = json.loads(text)
    return Secrets(**{each.name: str(stored[each.name]) for each in fields(Secrets)})


def _publish(data_dir: Path, made: Secrets) -> None:
    descriptor, draft = tempfile.mkstemp(prefix=FILE, dir=data_dir)  # made 0600
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            json.dump(asdict(made), file)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):  # another process was first: its secrets hold
            os.link(draft, data_dir / FILE)  # unlike a rename, a link never replaces
    finally:
        Path(draft).unlink()
