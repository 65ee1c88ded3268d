"""A full disk is told in one event, nothing is acknowledged meanwhile, and all goes on when there is room again."""

import itertools
import os
import random
import subprocess

import pytest

from bench import herds
from bench.loads import Load
from bench.nodes import edge_node
from bench.publisher import RawPublisher, encode
from core.settings import Settings

LOAD = Load(farm="full", collars=20, size=25, hz=10, seed=5)
MESSAGES = 20_000
SIZE, ROOM = 400_000_000, 4_000_000


def hard_to_compress(events):
    """The messages of the load with numbers of sixteen digits: 30 MB that the database can't store in less."""
    chance = random.Random(LOAD.seed)
    noise = [f"{chance.random():.16f}" for _ in range(10_007)]
    at = itertools.cycle(range(10_007))
    per_round = LOAD.size * LOAD.collars
    for start in range(0, len(events), per_round):
        for collar in range(LOAD.collars):
            batch = events[start + collar : start + per_round : LOAD.collars]
            xyz = ",".join(
                f"[{noise[next(at)]},{event.up:.2f}{noise[next(at)][4:]},{noise[next(at)]}]" for event in batch
            )
            payload = f'{{"t0":{batch[0].at},"hz":{LOAD.hz},"xyz":[{xyz}]}}'
            yield f"animov/v1/{LOAD.farm}/tag-{collar}/samples", payload.encode()


@pytest.fixture
def small_disk(tmp_path):
    """A data directory on a disk of its own."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to mount a small disk")
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=755", "none", folder], check=False)
    if mounted.returncode:
        pytest.skip("needs to mount a small disk, which this system does not allow")
    yield folder
    subprocess.run(["umount", folder], check=True)


def fill(folder):
    """Leave little room."""
    status = os.statvfs(folder)
    with (folder / "ballast").open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, status.f_bavail * status.f_frsize - ROOM)


def test_a_full_disk_holds_back_acknowledgements_until_there_is_room(small_disk, capfd, wait, still, in_background):
    said = []

    def told(words):
        said.append(capfd.readouterr().err)
        return words in "".join(said)

    with edge_node(Settings(data_dir=small_disk, mqtt_port=0)) as node:
        herds.take_into_service(node.engine, LOAD.farm, LOAD.collars)
        packets = encode(hard_to_compress(LOAD.events(MESSAGES)))
        fill(small_disk)
        publisher = RawPublisher(node.port, packets, window=4000)
        with in_background(publisher.run) as publishing:
            wait(lambda: told("flush.delayed"))
            acknowledged = still(lambda: publisher.acknowledged)
            (small_disk / "ballast").unlink()
            wait(lambda: publisher.acknowledged == MESSAGES, seconds=120)
            publishing.join()
        evidence = herds.stored_evidence(node.engine, LOAD.farm)
        windows = herds.stored_windows(node.engine, LOAD.farm)

    told("")
    assert acknowledged < MESSAGES
    assert "No space left on device" in "".join(said)
    assert evidence == herds.expected(LOAD.events(MESSAGES))
    assert windows == herds.windows_of(evidence)
