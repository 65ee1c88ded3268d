"""The embedded server in ordinary life: made once, started, shared, ended; and who may log in."""

import multiprocessing
import os
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine, text

from storage.embedded import SUPERUSER, InUseError, ServerAddress, find_running, node_server, running, secrets
from storage.embedded.leftovers import servers_on
from storage.embedded.logfile import keep_small

ROOT = Path(__file__).parents[2]

NODE = """
import sys
from pathlib import Path
from storage.embedded import running
with running(Path(sys.argv[1])):
    assert not [name for name in sys.modules if name.startswith("pixeltable")]
"""


def url(address: ServerAddress, data_dir: Path) -> str:
    return address.url(SUPERUSER, secrets.load(data_dir).superuser, "postgres")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder with a path so short that the socket lies beside the cluster."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def test_committed_rows_are_there_after_a_restart_and_nothing_runs_in_between(tmp_path: Path) -> None:
    with running(tmp_path) as address, psycopg.connect(url(address, tmp_path)) as connection:
        connection.execute("create table goat as select 'Flecki' as name")
    assert servers_on(tmp_path / "postgres") == []

    with running(tmp_path) as address, psycopg.connect(url(address, tmp_path)) as connection:
        names = connection.execute("select name from goat").fetchall()

    assert names == [("Flecki",)]
    assert servers_on(tmp_path / "postgres") == []


def test_the_server_is_durable_checked_utc_and_made_for_a_small_machine(tmp_path: Path) -> None:
    expected = {
        "autovacuum": "on",
        "data_checksums": "on",
        "fsync": "on",
        "full_page_writes": "on",
        "jit": "off",
        "listen_addresses": "",
        "max_connections": "50",
        "max_wal_size": "1GB",
        "password_encryption": "scram-sha-256",
        "server_encoding": "UTF8",
        "shared_buffers": "128MB",
        "synchronous_commit": "on",
        "TimeZone": "UTC",
        "wal_compression": "pglz",
    }

    with running(tmp_path) as address, psycopg.connect(url(address, tmp_path)) as connection:
        actual = {name: connection.execute(f"show {name}").fetchone()[0] for name in expected}
        collation = connection.execute("select datlocprovider, datlocale from pg_database where datname = 'template1'")

        assert collation.fetchone() == ("b", "C.UTF-8")

    assert actual == expected


def test_the_socket_the_cluster_and_the_secrets_are_private_and_nothing_above_the_data_dir_changes(
    short: Path,
) -> None:
    above, neighbour = short / "above", short / "above" / "neighbour"
    neighbour.mkdir(parents=True)
    above.chmod(0o711)
    before = {path: path.stat() for path in (short, above, neighbour)}

    with running(above / "data", db_port=0) as address:
        assert Path(address.host) == above / "data" / "run"
        assert {mode(above / "data" / name) for name in (".", "run", "postgres")} == {0o700}
        assert mode(above / "data" / "secrets.json") == 0o600
        assert mode(above / "data" / "postgres.log") == 0o600

    assert sorted(path.name for path in above.iterdir()) == ["data", "neighbour"]
    for path, status in before.items():
        after = path.stat()
        assert (after.st_mode, after.st_uid, after.st_gid) == (status.st_mode, status.st_uid, status.st_gid)


def test_psycopg_and_sqlalchemy_take_the_same_url_on_the_socket_and_on_tcp(tmp_path: Path) -> None:
    with running(tmp_path, db_port=0) as address:
        for reached in (address, address.over_tcp()):
            there = url(reached, tmp_path)
            with psycopg.connect(there) as connection:
                assert connection.execute("select 1").fetchone() == (1,)
            engine = create_engine(there.replace("postgresql://", "postgresql+psycopg://", 1))
            with engine.connect() as sql:
                assert sql.execute(text("select current_user")).scalar_one() == SUPERUSER
            engine.dispose()


def test_nobody_gets_in_without_the_password(tmp_path: Path) -> None:
    with running(tmp_path, db_port=0) as address:
        for reached in (address, address.over_tcp()):
            for wrong in ("", "postgres"):
                with pytest.raises(psycopg.OperationalError, match="password"):
                    psycopg.connect(reached.url(SUPERUSER, wrong, "postgres"))


def test_a_second_node_is_refused_with_the_number_of_the_first(tmp_path: Path) -> None:
    with running(tmp_path) as address:
        argv = [sys.executable, "-c", NODE, str(tmp_path)]
        other = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
        with pytest.raises(InUseError) as refused, running(tmp_path):
            pass

        assert refused.value.pid == os.getpid()
        assert f"InUseError: {tmp_path} is in use by process {os.getpid()}" in other.stderr
        assert find_running(tmp_path) == address


def test_a_command_joins_the_running_node_and_leaves_it_running(tmp_path: Path) -> None:
    with running(tmp_path, db_port=0) as address:
        with node_server(tmp_path) as joined:
            assert joined == address
        assert find_running(tmp_path) == address

    assert find_running(tmp_path) is None


def test_a_command_without_a_node_runs_the_server_for_itself_and_others_wait_for_their_turn(tmp_path: Path) -> None:
    """Nobody joins a server that ends with somebody else's command."""
    waiting, second = threading.Event(), threading.Event()

    def other() -> None:
        waiting.set()
        with node_server(tmp_path, patience_s=300):
            second.set()

    thread = threading.Thread(target=other)
    with node_server(tmp_path) as address:
        assert find_running(tmp_path) is None
        thread.start()
        waiting.wait()
        with pytest.raises(InUseError), node_server(tmp_path, patience_s=0):
            pass
        with psycopg.connect(url(address, tmp_path)):
            assert not second.is_set()
    thread.join()

    assert second.is_set()
    assert servers_on(tmp_path / "postgres") == []


def test_looking_for_a_node_makes_nothing(tmp_path: Path) -> None:
    assert find_running(tmp_path / "nowhere") is None
    assert list(tmp_path.iterdir()) == []


def test_the_python_part_of_the_wheel_is_never_imported(tmp_path: Path) -> None:
    assert subprocess.run([sys.executable, "-c", NODE, str(tmp_path)], cwd=ROOT, check=False).returncode == 0


def test_the_log_is_put_aside_when_it_is_large_and_kept_when_it_is_not(tmp_path: Path) -> None:
    log = tmp_path / "postgres.log"
    keep_small(log, 3)
    log.write_text("abc")
    keep_small(log, 3)
    assert log.read_text() == "abc"

    with log.open("a") as server:
        keep_small(log, 2)
        server.write("new")

    assert (log.read_text(), (tmp_path / "postgres.log.1").read_text()) == ("new", "abc")


def test_processes_that_make_the_secrets_at_once_agree(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        seen = set(pool.map(secrets.load_or_create, [tmp_path] * 8, chunksize=1))

    assert seen == {secrets.load(tmp_path)}
    assert [path.name for path in tmp_path.iterdir()] == ["secrets.json"]


def test_secrets_differ_are_long_and_do_not_show(tmp_path: Path) -> None:
    made = secrets.load_or_create(tmp_path)
    values = {made.superuser, made.owner, made.app, made.api, made.jwt}

    assert len(values) == 5
    assert min(map(len, values)) >= 43
    assert not [value for value in values if value in repr(made)]
