"""Who wore what, said late, corrected or swapped, gives the rows of the right assignment from the start."""

from datetime import UTC, datetime, timedelta

import pytest

from animov.onboarding import Said, Wearer, onboard
from bench import herds
from bench.publisher import RawPublisher, encode
from core.readings import CollarName
from storage.engine.database import scoped_to
from storage.herds import herd
from storage.measurements import series

T0 = datetime.fromtimestamp(herds.T0, UTC)
MIDDLE = T0 + timedelta(minutes=20)
COLLARS = 2
EVENTS = herds.colliding(4000, collars=COLLARS, seconds=2700, seed=6)


def wear(node, farm, collar, animal, start=None):
    name, wearer = CollarName(farm, f"tag-{collar}"), Wearer(animal, "all", start)
    onboard(node.engine, node.settings, name, Said("leg"), wearer, with_password=False)


def publish(node, farm):
    RawPublisher(node.port, encode(herds.single(farm, EVENTS)), window=500).run()


def ids(connection, farm):
    return [herd.find_collar(connection, CollarName(farm, f"tag-{number}")) for number in range(COLLARS)]


def right_from_the_start(node, farm):
    wear(node, farm, 0, "Brune")
    wear(node, farm, 1, "Noire")
    wear(node, farm, 0, "Noire", MIDDLE)
    wear(node, farm, 1, "Brune", MIDDLE)
    publish(node, farm)


def after_the_fact(node, farm):
    publish(node, farm)
    for collar, first, later in ((0, "Brune", "Noire"), (1, "Noire", "Brune")):
        wear(node, farm, collar, first)
        wear(node, farm, collar, later, MIDDLE)


def corrected(node, farm):
    wear(node, farm, 0, "Noire")
    wear(node, farm, 1, "Grise")
    publish(node, farm)
    wear(node, farm, 1, "Noire")
    wear(node, farm, 0, "Brune")
    wear(node, farm, 0, "Noire", MIDDLE)
    wear(node, farm, 1, "Brune", MIDDLE)


def swapped(node, farm):
    wear(node, farm, 0, "Brune")
    wear(node, farm, 1, "Noire")
    publish(node, farm)
    with node.engine.begin() as connection:
        herd.swap(connection, *ids(connection, farm), MIDDLE)


@pytest.fixture(scope="module")
def expected(shared_node):
    right_from_the_start(shared_node, "right")
    return herds.stored_windows(shared_node.engine, "right")


@pytest.mark.parametrize("said", [after_the_fact, corrected, swapped])
def test_what_is_said_later_gives_the_rows_of_what_was_right_from_the_start(shared_node, expected, said):
    said(shared_node, said.__name__)

    assert {name for name, _ in expected} == {"Brune", "Noire"}
    assert herds.stored_windows(shared_node.engine, said.__name__) == expected


@pytest.mark.parametrize(("silent", "night"), [(2, 1.0), (3, None)], ids=["half is silent", "more than half is silent"])
def test_silence_through_a_night_is_not_lying(shared_node, silent, night):
    """Of four, the last ones are silent for eight hours; the others stand all day. By day half of them lie."""
    farm = f"silent-{silent}"
    herds.take_into_service(shared_node.engine, farm, 4)
    dark = range(64, 96)
    said = [
        (f"animov/v1/{farm}/tag-{animal}/posture", span(bucket, "standing" if animal < 2 else "lying"))
        for bucket in range(96)
        for animal in range(4)
        if bucket not in dark or animal < 4 - silent
    ]
    RawPublisher(shared_node.port, encode(said), window=500).run()

    with shared_node.engine.begin() as connection:
        farm_id = herd.find_farm(connection, farm)
        series.ensure_series(connection, farm_id)
    with scoped_to(shared_node.engine, [farm_id]) as connection:
        group = next(one for one in series.series_of(connection, farm_id) if one.kind == "group")
        measured = series.history(connection, group, T0, T0 + timedelta(days=1))

    assert [one.standing_ratio for one in measured] == [0.5] * 64 + [night] * 32
    assert [(one.heard, one.members) for one in measured] == [(4, 4)] * 64 + [(4 - silent, 4)] * 32


def span(bucket, posture):
    start = (herds.T0 + 900 * bucket) * 1000
    return f'{{"t0":{start},"t1":{start + 900_000},"posture":"{posture}"}}'.encode()
