"""The server for the duration of a `with`: `running` for a node, `node_server` for a command beside or without one."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import psycopg

from core.errors import UnavailableError
from storage.embedded import secrets
from storage.embedded.address import SUPERUSER, ServerAddress, announce, announced, withdraw
from storage.embedded.binaries import program
from storage.embedded.cluster import ensure_cluster
from storage.embedded.failures import PortTakenError
from storage.embedded.identity import Identity, command, identity_for
from storage.embedded.lock import InUseError, node_lock
from storage.embedded.logfile import FILE as LOG
from storage.embedded.logfile import keep_small
from storage.embedded.postmaster import Plan, Postmaster
from storage.embedded.sockets import DEFAULT_PORT, free_port, leave, quoted, socket_folder

_TURN_S: Final = 30.0
_LOOK_AGAIN_S: Final = 0.05
_PORT_TRIES: Final = 5
_ANSWER_S: Final = 5
_FIRST_ANSWER_S: Final = 60


@contextmanager
def running(data_dir: Path, *, db_port: int | None = None) -> Iterator[ServerAddress]:
    """Run the node's server, as its only owner, and tell other processes where it answers.

    It is started again if it dies, ends with the `with`, and on Linux with this process however that ends.

    Args:
        data_dir: Folder of the node; made if missing, nothing above it is changed.
        db_port: Loopback TCP port beside the unix socket; 0 picks a free one, `None` opens none.

    Raises:
        InUseError: another process has the data directory.
        UnavailableError: it cannot run, with the reason in one sentence.
    """
    with ExitStack() as stack:
        address = _own(stack, data_dir, db_port)
        announce(_resolved(data_dir), address)
        stack.callback(withdraw, _resolved(data_dir))
        yield address


@contextmanager
def node_server(data_dir: Path, *, patience_s: float = _TURN_S) -> Iterator[ServerAddress]:
    """Use the server of the running node, or run one for the duration.

    A server run here is not announced, since it ends with this command: others wait for their turn.

    Args:
        data_dir: Folder of the node; made if missing.
        patience_s: How long to wait for another command to end, in seconds.

    Raises:
        InUseError: another command had the data directory all that time.
        UnavailableError: as for `running`.
    """
    deadline = time.monotonic() + patience_s
    with ExitStack() as stack:
        while (address := find_running(data_dir)) is None:
            try:
                address = _own(stack, data_dir, None)
            except InUseError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(_LOOK_AGAIN_S)
            else:
                break
        yield address


def find_running(data_dir: Path) -> ServerAddress | None:
    """Return where the node's server answers, having tried it; `None` if none is running."""
    folder = _resolved(data_dir)
    address = announced(folder)
    if address is None or not (folder / secrets.FILE).exists():
        return None
    try:
        _log_in(address, secrets.load(folder).superuser)
    except psycopg.OperationalError:
        return None
    return address


def _own(stack: ExitStack, data_dir: Path, db_port: int | None) -> ServerAddress:
    """Take the lock and start the server, both undone by `stack`; nothing is left in it after an error."""
    folder = _resolved(data_dir)
    with ExitStack() as attempt:
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            attempt.enter_context(node_lock(folder))
            address = _start(attempt, folder, db_port)
        except OSError as error:
            raise UnavailableError(f"{folder} cannot be the data directory: {error.strerror or error}") from error
        stack.push(attempt.pop_all())
    return address


def _start(stack: ExitStack, folder: Path, db_port: int | None) -> ServerAddress:
    withdraw(folder)
    identity = identity_for(folder)
    if identity.how == "become":
        folder.chmod(folder.stat().st_mode | 0o011)  # so that the other user gets to its own folders, and no further
    passwords = secrets.load_or_create(folder)
    cluster = ensure_cluster(folder, identity, passwords.superuser)
    keep_small(folder / LOG)
    address = _first_free(stack, folder, cluster, identity, db_port)
    _check_password(address, passwords.superuser, folder)
    return address


def _first_free(
    stack: ExitStack, folder: Path, cluster: Path, identity: Identity, db_port: int | None
) -> ServerAddress:
    """Start on the port that was asked for; a free one may be taken by others meanwhile, so it is looked for again."""
    sockets = socket_folder(folder, identity)
    stack.callback(leave, sockets)
    for remaining in reversed(range(_PORT_TRIES)):
        tcp_port = free_port() if db_port == 0 else db_port
        server = Postmaster(_plan(folder, cluster, identity, sockets, tcp_port))
        try:
            server.start()
        except PortTakenError:
            if db_port != 0 or not remaining:
                raise
        else:
            break
    stack.callback(server.stop)
    return ServerAddress(str(sockets), tcp_port or DEFAULT_PORT, tcp_port)


def _plan(folder: Path, cluster: Path, identity: Identity, sockets: Path, tcp_port: int | None) -> Plan:
    settings = {
        "listen_addresses": "127.0.0.1" if tcp_port else "",
        "port": str(tcp_port or DEFAULT_PORT),
        "unix_socket_directories": quoted(sockets),
        "unix_socket_permissions": "0700",
    }
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    argv = command(identity, [program("postgres"), "-D", cluster, *options])
    return Plan(tuple(argv), cluster, folder / LOG, tcp_port)


def _check_password(address: ServerAddress, password: str, folder: Path) -> None:
    try:
        _log_in(address, password, _FIRST_ANSWER_S)
    except psycopg.errors.ConnectionTimeout as error:
        raise UnavailableError(f"the database in {folder} did not answer within {_FIRST_ANSWER_S} s") from error
    except psycopg.OperationalError as error:
        raise UnavailableError(
            f"the database does not know the password in {folder / secrets.FILE}; put that file back from a backup"
        ) from error


def _log_in(address: ServerAddress, password: str, patience_s: int = _ANSWER_S) -> None:
    psycopg.connect(address.url(SUPERUSER, password, "postgres"), connect_timeout=patience_s).close()


def _resolved(data_dir: Path) -> Path:
    return data_dir.expanduser().resolve()
