"""What makes a start impossible is said in one sentence, and nothing is left running or half made."""

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from core.errors import UnavailableError
from storage.embedded import ServerAddress, running, server
from storage.embedded.leftovers import servers_on
from storage.embedded.lock import node_lock

ROOT = Path(__file__).parents[2]


def refusal(data_dir: Path, **options: int) -> str:
    with pytest.raises(UnavailableError) as refused, running(data_dir, **options):
        pass
    with node_lock(data_dir.resolve()):
        assert servers_on(data_dir / "postgres") == []
    return str(refused.value)


@pytest.fixture
def node(tmp_path: Path) -> Path:
    with running(tmp_path / "data"):
        pass
    return tmp_path / "data"


def test_a_taken_port_is_named(node: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        assert refusal(node, db_port=port) == (
            f"the database port {port} on 127.0.0.1 is taken by another program; stop that, or choose another --db-port"
        )


def test_a_cluster_of_another_version_is_left_as_it_is(node: Path) -> None:
    (node / "postgres" / "PG_VERSION").write_text("16\n")

    assert refusal(node).startswith(f"{node}/postgres was made by PostgreSQL 16, this AniMOV runs 18; ")
    assert (node / "postgres" / "PG_VERSION").read_text() == "16\n"


def test_a_folder_that_is_no_cluster_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "thesis.txt").write_text("years")

    assert refusal(tmp_path) == f"{tmp_path}/postgres is there, but it is no PostgreSQL cluster; move it away"
    assert (tmp_path / "postgres" / "thesis.txt").read_text() == "years"


def test_secrets_that_are_not_the_clusters_are_told_apart_from_damaged_ones(node: Path) -> None:
    path = node / "secrets.json"
    stored = json.loads(path.read_text())
    path.write_text(json.dumps(stored | {"superuser": "another"}))
    assert refusal(node) == f"the database does not know the password in {path}; put that file back from a backup"

    path.write_text("{")
    assert refusal(node) == f"{path} is damaged; put it back from a backup, the database needs it"


def test_a_server_that_does_not_answer_in_time_is_not_said_to_have_another_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "_FIRST_ANSWER_S", 2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = ServerAddress("127.0.0.1", silent.getsockname()[1])
        with pytest.raises(UnavailableError, match=f"the database in {tmp_path} did not answer within 2 s"):
            server._check_password(address, "secret", tmp_path)


def test_a_damaged_cluster_is_refused_in_postgresqls_own_words(node: Path) -> None:
    (node / "postgres" / "global" / "pg_control").unlink()

    assert refusal(node).startswith(f"the database in {node} does not start: ")


def test_a_file_in_place_of_the_data_dir_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    for place in (tmp_path / "file", tmp_path / "file" / "data"):
        with pytest.raises(UnavailableError, match=f"{place} cannot be the data directory: "), running(place):
            pass


def start_of_a_node(data_dir: Path) -> list[str]:
    """A command that starts a server there."""
    code = "import sys, pathlib; from storage.embedded import running; running(pathlib.Path(sys.argv[1])).__enter__()"
    return [sys.executable, "-c", code, str(data_dir)]


@pytest.fixture
def unshare() -> str:
    found = shutil.which("unshare")
    if found is None or subprocess.run([found, "-rm", "true"], check=False).returncode != 0:
        pytest.skip("needs a mount namespace of its own, which this system does not allow")
    return found


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        pytest.param("size=12m", "the disk that holds {} is full; make room there and start again", id="disk-full"),
        pytest.param("ro", "{} cannot be the data directory: Read-only file system", id="read-only"),
    ],
)
def test_a_disk_that_takes_nothing_is_named(tmp_path: Path, unshare: str, options: str, sentence: str) -> None:
    mounted = f'mount -t tmpfs -o {options} none "$0" && exec "$@"'
    argv = [unshare, "-rm", "sh", "-c", mounted, str(tmp_path), *start_of_a_node(tmp_path)]

    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.stderr.strip().splitlines()[-1] == f"core.errors.UnavailableError: {sentence.format(tmp_path)}"


@pytest.fixture
def powerless() -> list[str]:
    """Words before a command that root is to run without its power over files; none for anybody else."""
    if os.geteuid() != 0:
        return []
    if (found := shutil.which("setpriv")) is None:
        pytest.skip("root may write everywhere, and cannot give that up without setpriv")
    return [found, "--bounding-set=-all", "--inh-caps=-all"]


def test_a_folder_that_may_not_be_written_is_named(tmp_path: Path, powerless: list[str]) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)

    done = subprocess.run([*powerless, *start_of_a_node(closed)], cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.stderr.strip().splitlines()[-1] == (
        f"core.errors.UnavailableError: {closed} cannot be the data directory: Permission denied"
    )
