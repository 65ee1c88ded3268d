"""SIGKILL of anything leaves no process and no obstacle, and takes no committed row."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import psycopg
import pytest

from bench.waiting import wait_until
from storage.embedded import SUPERUSER, ServerAddress, find_running, program, running, secrets
from storage.embedded.cluster import ensure_cluster
from storage.embedded.identity import command, identity_for
from storage.embedded.leftovers import _by_command_line, postmaster_pid, servers_on

ROOT = Path(__file__).parents[2]

NODE = """
import sys
from pathlib import Path
from storage.embedded import running
with running(Path(sys.argv[1])):
    print("up", flush=True)
    sys.stdin.read()
"""


UNFINISHED = "from pathlib import Path; import sys; Path.rename = lambda *_: sys.stdin.read()" + NODE
"""A node that stops right before what it makes gets its name."""


@contextmanager
def node(data_dir: Path, program: str = NODE) -> Iterator[subprocess.Popen[str]]:
    argv = [sys.executable, "-c", program, str(data_dir)]
    with subprocess.Popen(argv, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def stranger(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that has nothing to do with PostgreSQL, though it is in a folder of ours."""
    with subprocess.Popen(["sleep", "600"], cwd=folder) as process:
        try:
            yield process
        finally:
            process.kill()


def connect(address: ServerAddress, data_dir: Path) -> psycopg.Connection:
    return psycopg.connect(address.url(SUPERUSER, secrets.load(data_dir).superuser, "postgres"), autocommit=True)


def test_sigkill_of_the_node_leaves_no_process_and_the_next_start_has_the_committed_rows(tmp_path: Path) -> None:
    cluster = tmp_path / "postgres"
    for life in range(3):
        with node(tmp_path) as process:
            assert process.stdout.readline() == "up\n"
            address = find_running(tmp_path)
            with connect(address, tmp_path) as connection:
                connection.execute("create table if not exists row(n int)")
                connection.execute("insert into row values (%s)", [life])
                assert len(servers_on(cluster)) > 1
                process.kill()
                process.wait()
                wait_until(lambda: not servers_on(cluster))
        assert find_running(tmp_path) is None

    with running(tmp_path) as address, connect(address, tmp_path) as connection:
        assert connection.execute("select n from row order by n").fetchall() == [(0,), (1,), (2,)]


def test_a_start_right_after_sigkill_of_the_node_does_not_wait_for_anybody(tmp_path: Path) -> None:
    with node(tmp_path) as process:
        process.stdout.readline()
        process.kill()
        process.wait()
        with running(tmp_path) as address, connect(address, tmp_path) as connection:
            assert connection.execute("select 1").fetchone() == (1,)


@pytest.mark.parametrize("victim", ["postmaster", "backend"])
def test_a_killed_server_comes_back_at_the_same_address_with_the_committed_rows(tmp_path: Path, victim: str) -> None:
    with running(tmp_path, db_port=0) as address:
        with connect(address, tmp_path) as connection:
            connection.execute("create table row as select 1 as n")
            pid = postmaster_pid(tmp_path / "postgres") if victim == "postmaster" else connection.info.backend_pid
            os.kill(pid, signal.SIGKILL)
            with pytest.raises(psycopg.OperationalError):
                wait_until(lambda: connection.execute("select pg_sleep(10)") is None)
        wait_until(lambda: find_running(tmp_path) == address)
        with connect(address, tmp_path) as connection:
            assert connection.execute("select n from row").fetchall() == [(1,)]
    assert servers_on(tmp_path / "postgres") == []


def test_a_stale_pid_file_with_the_number_of_a_living_process_is_no_obstacle(tmp_path: Path) -> None:
    """As after a reboot: PostgreSQL alone would take any process of the same user for a server."""
    with running(tmp_path):
        text = (tmp_path / "postgres" / "postmaster.pid").read_text()
    with stranger(tmp_path) as other:
        lines = [str(other.pid), *text.splitlines()[1:]]
        (tmp_path / "postgres" / "postmaster.pid").write_text("\n".join(lines) + "\n")

        with running(tmp_path) as address, connect(address, tmp_path):
            assert other.poll() is None


def test_a_server_that_outlived_its_node_is_recognised_and_ended_by_the_next(tmp_path: Path) -> None:
    identity = identity_for(tmp_path)
    cluster = ensure_cluster(tmp_path, identity, secrets.load_or_create(tmp_path).superuser)
    argv = [program("postgres"), "-D", cluster, "-c", "listen_addresses=", "-c", f"unix_socket_directories={tmp_path}"]
    log = (tmp_path / "log").open("wb")
    with log, subprocess.Popen(command(identity, argv), stderr=log, start_new_session=True) as old:
        wait_until(lambda: "ready" in (tmp_path / "log").read_text())
        assert old.pid in servers_on(cluster)
        assert _by_command_line(cluster) == [old.pid]

        with running(tmp_path) as address, connect(address, tmp_path):
            assert old.poll() == 0
            assert old.pid not in servers_on(cluster)


def test_other_processes_in_the_folder_are_left_alone(tmp_path: Path) -> None:
    with running(tmp_path):
        pass
    cluster = tmp_path / "postgres"
    with stranger(cluster) as visitor:
        (cluster / "postmaster.pid").write_text(f"{visitor.pid}\n{cluster}\n")
        assert servers_on(cluster) == _by_command_line(cluster) == []
        with running(tmp_path):
            assert visitor.poll() is None


def test_sigkill_while_the_cluster_is_being_made_is_no_obstacle(tmp_path: Path) -> None:
    for step in ("password", "cluster/PG_VERSION", "cluster/global/pg_control"):
        before = set(tmp_path.glob("postgres.new-*"))
        with node(tmp_path, UNFINISHED) as process:
            wait_until(partial(_has_come, tmp_path, step, before))
            process.kill()
            process.wait()
        assert not (tmp_path / "postgres").exists()

    with running(tmp_path) as address, connect(address, tmp_path) as connection:
        assert connection.execute("select count(*) > 0 from pg_class").fetchone() == (True,)
    wait_until(lambda: not _initdb_of(tmp_path))
    with running(tmp_path):
        assert not list(tmp_path.glob("postgres.new-*"))


def _has_come(data_dir: Path, step: str, before: set[Path]) -> bool:
    return any((new / step).exists() for new in set(data_dir.glob("postgres.new-*")) - before)


def _initdb_of(data_dir: Path) -> list[str]:
    """The programs that still work in a draft of the cluster."""
    found = []
    for process in Path("/proc").iterdir():
        with suppress(OSError):
            if process.name.isdigit() and str(process.joinpath("cwd").readlink()).startswith(
                f"{data_dir}/postgres.new"
            ):
                found.append(process.name)
    return found
