"""Where the data directory may lie and who may start it."""

import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from core.errors import UnavailableError
from storage.embedded import SUPERUSER, find_running, program, running, secrets
from storage.embedded import identity as identities
from storage.embedded.identity import Identity, closed_folder, identity_for
from storage.embedded.leftovers import servers_on
from storage.embedded.sockets import socket_folder

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="is about root")


def user_of(data_dir: Path) -> str:
    with running(data_dir, db_port=0) as address:
        assert find_running(data_dir) == address
        there = address.url(SUPERUSER, secrets.load(data_dir).superuser, "postgres")
        with psycopg.connect(there) as connection:
            return connection.execute("select current_user").fetchone()[0]


@pytest.mark.parametrize(
    "name",
    ["two words", "Ziegenhöfe 山羊", 'say "goat", it\'s 100%', "x" * 200],
    ids=["space", "non-ascii", "odd", "long"],
)
def test_any_name_will_do(open_folder: Path, name: str) -> None:
    assert user_of(open_folder / name / "data") == SUPERUSER
    assert servers_on(open_folder / name / "data" / "postgres") == []


def test_a_link_to_the_data_dir_is_the_same_node(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "data")
    (tmp_path / "data").mkdir()

    with running(tmp_path / "data") as address:
        assert find_running(tmp_path / "link") == address


def test_the_socket_of_a_long_path_lies_in_a_private_folder_of_its_own(tmp_path: Path) -> None:
    one, two = tmp_path / ("x" * 100), tmp_path / ("y" * 100)
    one.mkdir()
    identity = identity_for(one)

    folder = socket_folder(one, identity, tmp_path)

    assert folder == socket_folder(one, identity, tmp_path)
    assert folder.parent == tmp_path
    assert folder != socket_folder(two, identity, tmp_path)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_socket_folder_that_somebody_else_has_put_there_is_refused(tmp_path: Path) -> None:
    data_dir = tmp_path / ("x" * 100)
    data_dir.mkdir()
    identity = identity_for(data_dir)
    folder = socket_folder(data_dir, identity, tmp_path)
    folder.rmdir()
    folder.symlink_to(tmp_path)

    with pytest.raises(UnavailableError, match="belongs to somebody else"):
        socket_folder(data_dir, identity, tmp_path)


@needs_root
def test_root_keeps_its_files_and_its_closed_folders(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o700)

    assert user_of(tmp_path / "closed" / "data") == SUPERUSER
    assert stat.S_IMODE((tmp_path / "closed").stat().st_mode) == 0o700
    assert {path.stat().st_uid for path in (tmp_path / "closed").rglob("*")} == {0}


@pytest.fixture
def no_namespaces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identities, "_works", lambda _: False)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@needs_root
@pytest.mark.usefixtures("no_namespaces")
def test_root_without_namespaces_runs_it_as_another_user_where_all_folders_are_open(open_folder: Path) -> None:
    if closed_folder(program("postgres"), identities._choose()) is not None:
        pytest.skip("this checkout lies in a folder that other users may not enter")

    assert user_of(open_folder / "data") == SUPERUSER
    assert (open_folder / "data" / "postgres" / "PG_VERSION").stat().st_uid != 0
    assert stat.S_IMODE((open_folder / "data" / "secrets.json").stat().st_mode) == 0o600
    assert (open_folder / "data" / "secrets.json").stat().st_uid == 0


@needs_root
def test_a_cluster_of_the_other_user_is_taken_over_when_namespaces_are_allowed_again(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(identities, "_works", lambda _: False)
        if closed_folder(program("postgres"), identities._choose()) is not None:
            pytest.skip("this checkout lies in a folder that other users may not enter")
        user_of(open_folder / "data")

    assert user_of(open_folder / "data") == SUPERUSER


@needs_root
@pytest.mark.usefixtures("no_namespaces")
def test_root_without_namespaces_is_refused_below_a_closed_folder_which_stays_closed(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)

    with pytest.raises(UnavailableError, match=r"may not enter .*; start AniMOV as an ordinary user"):
        user_of(closed / "data")
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("uid", "gids", "mode", "entered"),
    [
        pytest.param(1, (1,), 0o700, False, id="stranger"),
        pytest.param(1, (1,), 0o701, True, id="others-may"),
        pytest.param(None, (1,), 0o100, True, id="owner"),
        pytest.param(None, (1,), 0o077, False, id="owner-may-not-though-others-may"),
        pytest.param(1, (1, None), 0o010, True, id="group"),
        pytest.param(1, (1, None), 0o701, False, id="group-may-not-though-others-may"),
    ],
)
def test_who_may_enter_follows_the_kernels_rule(
    open_folder: Path, uid: int | None, gids: tuple[int | None, ...], mode: int, *, entered: bool
) -> None:
    folder = open_folder / "folder"
    folder.mkdir()
    folder.chmod(mode)
    status = folder.stat()
    somebody = Identity(
        "become",
        1,
        1,
        status.st_uid if uid is None else uid,
        tuple(status.st_gid if gid is None else gid for gid in gids),
    )

    assert closed_folder(folder, somebody) == (None if entered else folder)
    folder.chmod(0o700)
