"""A real recording of two leg tags through MQTT: however it is cut and repeated, the same rows and the right shares."""

import csv
import gzip
import random
from datetime import datetime
from itertools import groupby

import pytest

from animov.onboarding import Said, Wearer, onboard
from bench import herds
from bench.publisher import RawPublisher, encode
from core.readings import CollarName

SHARES = {"cow01": 0.592, "cow02": 0.615}
"""Share of time standing by an independent implementation of triact's default rule, which takes a median over 10 s."""


@pytest.fixture(scope="module")
def samples(recordings):
    """Each cow's samples: milliseconds since 1970 and the three numbers as they are written, forward, up, right."""
    with gzip.open(recordings / "leg_accelerometer_5hz_2cows.csv.gz", "rt") as file:
        rows = list(csv.DictReader(file))
    found = {}
    for row in rows:
        at = round(datetime.fromisoformat(row["time"]).timestamp() * 1000)
        found.setdefault(row["id"], []).append((at, (row["acc_fwd"], row["acc_up"], row["acc_right"])))
    return found


def of_ten_seconds(farm, samples):
    for cow, rows in samples.items():
        for _, group in groupby(rows, key=lambda row: row[0] // 10_000):
            batch = list(group)
            t0 = batch[0][0]
            shifts = ",".join(str(at - t0) for at, _ in batch)
            xyz = ",".join(f"[{x},{y},{z}]" for _, (x, y, z) in batch)
            yield f"animov/v1/{farm}/{cow}/samples", f'{{"t0":{t0},"dt_ms":[{shifts}],"xyz":[{xyz}]}}'.encode()


def one_by_one(farm, samples):
    for cow, rows in samples.items():
        for at, (x, y, z) in rows:
            yield f"animov/v1/{farm}/{cow}/samples", f'{{"t":{at},"x":{x},"y":{y},"z":{z}}}'.encode()


def twice_at_random(farm, samples):
    messages = list(of_ten_seconds(farm, samples)) * 2
    random.Random(20261122).shuffle(messages)
    yield from messages


@pytest.fixture(scope="module")
def by_the_second(samples):
    """What the bits must be: received if a second has a sample, standing if one of them is, else lying if one is."""
    events = [herds.Event(cow, at, float(up)) for cow, rows in samples.items() for at, (_, up, _) in rows]
    return {(name.removeprefix("tag-"), bucket): bits for (name, bucket), bits in herds.expected(events).items()}


@pytest.mark.recordings
@pytest.mark.parametrize("cut", [of_ten_seconds, one_by_one, twice_at_random])
def test_every_way_to_send_it_gives_the_same_bits_and_the_shares_of_the_reference(
    samples, by_the_second, shared_node, cut
):
    farm = cut.__name__
    for cow in samples:
        name, wearer = CollarName(farm, cow), Wearer(cow, "all")
        onboard(shared_node.engine, shared_node.settings, name, Said("leg"), wearer, with_password=False)

    RawPublisher(shared_node.port, encode(cut(farm, samples)), window=2000).run()

    windows = herds.stored_windows(shared_node.engine, farm)
    stood = {cow: sum(row[2] for (name, _), row in windows.items() if name == cow) for cow in samples}
    known = {cow: sum(row[1] for (name, _), row in windows.items() if name == cow) for cow in samples}
    assert herds.stored_evidence(shared_node.engine, farm) == by_the_second
    assert windows == herds.windows_of(by_the_second)
    assert {cow: stood[cow] / known[cow] for cow in samples} == pytest.approx(SHARES, abs=0.003)
