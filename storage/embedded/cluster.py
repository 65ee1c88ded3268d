"""The cluster in `data_dir/postgres`: made once, in one step, and checked before each start."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from core.errors import UnavailableError
from storage.embedded.address import SUPERUSER
from storage.embedded.binaries import MAJOR, program
from storage.embedded.environment import server_environment
from storage.embedded.failures import explain
from storage.embedded.identity import Identity, command

FOLDER: Final = "postgres"
_DRAFT: Final = "postgres.new-"
_INITDB_S: Final = 600  # it writes 40 MB; a tired memory card takes minutes

_SHAPE: Final = (
    f"--username={SUPERUSER}",
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--data-checksums",
)

_SETTINGS: Final = {  # for a machine of 1 GB; kept in postgresql.conf, where ALTER SYSTEM can overrule them
    "shared_buffers": "128MB",
    "max_connections": "50",
    "max_wal_size": "1GB",
    "wal_compression": "pglz",  # the wheel's server is built without lz4
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
}


def ensure_cluster(data_dir: Path, identity: Identity, password: str) -> Path:
    """Return the folder of the node's cluster, making it if there is none. The caller holds the node's lock.

    It is made beside its place and renamed, so a crash on the way leaves nothing that counts. Each attempt
    has a folder of its own: the `initdb` of a killed node may still be clearing away the last one.

    Args:
        data_dir: Exists.
        identity: Who is to own the files.
        password: Of the superuser, if the cluster has to be made.

    Raises:
        UnavailableError: `initdb` failed, or the folder holds something else.
    """
    cluster = data_dir / FOLDER
    for stale in data_dir.glob(f"{_DRAFT}*"):
        _discard(stale)
    if not cluster.exists():
        draft = Path(tempfile.mkdtemp(prefix=_DRAFT, dir=data_dir))
        try:
            _create(draft, cluster, identity, password)
        finally:
            _discard(draft)
    _check_version(cluster)
    if cluster.stat().st_uid != identity.file_uid and os.geteuid() == 0:
        give(cluster, identity)
    return cluster


def give(path: Path, identity: Identity) -> None:
    """Make `identity` the owner of a file, or of a folder and all that is in it."""
    for each in (path, *path.rglob("*")):
        os.chown(each, identity.file_uid, identity.file_gids[0], follow_symlinks=False)


def _create(draft: Path, cluster: Path, identity: Identity, password: str) -> None:
    secret = draft / "password"
    secret.touch(mode=0o600)
    secret.write_text(password, "ascii")
    if identity.how == "become":
        give(draft, identity)
    _initdb(draft / "cluster", secret, identity)
    (draft / "cluster").rename(cluster)
    _sync(cluster.parent)


def _initdb(target: Path, secret: Path, identity: Identity) -> None:
    settings = [f"--set={name}={value}" for name, value in _SETTINGS.items()]
    argv: list[str | Path] = [program("initdb"), "-D", target, f"--pwfile={secret}", *_SHAPE, *settings]
    done = subprocess.run(  # noqa: S603 - our own launcher and the wheel's program
        command(identity, argv),
        check=False,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=_INITDB_S,
        cwd=target.parent,
        env=server_environment(os.environ),
        start_new_session=True,
    )
    if done.returncode != 0:
        raise explain(done.stderr.decode(errors="replace"), target.parent.parent)


def _check_version(cluster: Path) -> None:
    try:
        found = (cluster / "PG_VERSION").read_text("ascii").strip()
    except (FileNotFoundError, NotADirectoryError, UnicodeDecodeError):
        raise UnavailableError(f"{cluster} is there, but it is no PostgreSQL cluster; move it away") from None
    if found != str(MAJOR):
        raise UnavailableError(
            f"{cluster} was made by PostgreSQL {found}, this AniMOV runs {MAJOR}; "
            "back it up with the AniMOV that made it and restore that into a new --data-dir"
        )


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _discard(draft: Path) -> None:
    shutil.rmtree(draft, ignore_errors=True)  # what somebody else is removing too is gone by the next start
