"""Calibrations and whole generations made between deliveries of the same messages, through a real database.

What windows say, and what is kept of movement, follows from the set of messages and the registry as it is in the end:
the oracle is told the final registry first, in a database of nothing else, and each message once.
"""

import asyncio
import json
from datetime import timedelta
from functools import partial

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from animov.edge import decoder_for
from core.delivery import Batch
from core.readings import CollarName, Message
from core.settings import Settings
from core.timeline import from_ms
from storage.evidence.registry import SINCE_EVER, Calibration
from storage.herds import calibrations, herd
from stream.calibrating.publishing import republish
from stream.runner import Runner, running

T0 = 1_710_000_000_000  # a bucket begins here
LATER = T0 + 890_000
"""From when on a calibration for live use holds: nothing of it was sent before it was made."""
RECEIVED = T0 + 86_400_000
SETTINGS = Settings(flush_keys=2)
MAKE_DECODER = partial(decoder_for, SETTINGS)
NECK, LEG = CollarName("barn", "neck"), CollarName("barn", "leg")
AXES = ("fwd", "up", "right")
MODEL = {
    "features": ["pitch"],
    "mean": [0.0],
    "scale": [0.2],
    "coefficients": [-2.0],
    "intercept": 0.0,
    "stay": [0.9, 0.9],
    "bounds": [0.3, 0.7],
}
ANCHOR = {"anchor": [0.0, 1.0, 0.0], "spread_deg": 5.0}
NECKS = [
    {},
    ANCHOR,
    {"anchor": [0.5, 0.866, 0.0], "spread_deg": 5.0},
    {"turned": True},
    ANCHOR | {"model": MODEL},
    ANCHOR | {"gain": [1.1, 1, 0.9], "offset": [0.1, 0, 0]},
]
LEGS = [{}, {"threshold_g": 0.7}]


def message(name, start, kind, seed):
    """Twenty seconds at 10 Hz that begin `start` ms after T0; five of a leg."""
    rng = np.random.default_rng(seed)
    gravity = [(0.0, 1.0, 0.0), (0.5, 0.866, 0.0), (-0.4, 0.6, 0.7)][seed % 3]
    xyz = rng.normal(gravity, {"still": 0.008, "stir": 0.03, "move": 0.2}[kind], (200 if name == NECK else 50, 3))
    body = {"t0": T0 + start, "hz": 10, "xyz": xyz.round(3).tolist()}
    return Message(f"animov/v1/barn/{name.collar}/samples", RECEIVED, json.dumps(body).encode())


def sent_from(*starts):
    """Messages of either tag that begin at one of some instants."""
    drawn = st.builds(
        message,
        st.sampled_from([NECK, NECK, LEG]),
        st.sampled_from(starts),
        st.sampled_from(["still", "stir", "move"]),
        st.integers(0, 5),
    )
    return st.lists(drawn, min_size=1, max_size=5)


def calibration(name, since, drawn):
    known = NECKS[drawn] if name == NECK else LEGS[drawn % 2]
    return Calibration(since, "collar" if name == NECK else "leg", AXES, 1, known)


class Farm:
    """Two tags on one animal, a neck's and a leg's that is worn for the second quarter of an hour only."""

    def __init__(self, engine, url):
        self.engine, self.url, self.delivered = engine, url, set()
        with engine.begin() as connection:
            connection.execute(text("TRUNCATE farm RESTART IDENTITY CASCADE"))
            self.ids = {name: herd.ensure_collar(connection, name) for name in (NECK, LEG)}
            animal = herd.ensure_animal(connection, 1, "Brune")
            herd.assign(connection, self.ids[NECK], animal)
            herd.assign(connection, self.ids[LEG], animal, herd.During(from_ms(T0) + timedelta(minutes=15), None))

    def begin(self, name, made):
        with self.engine.begin() as connection:
            return calibrations.start_history(connection, self.ids[name], made)

    def publish(self, name, generation):
        republish(self.engine, SETTINGS, MAKE_DECODER, {name: generation}, None)

    def append(self, name, made):
        with self.engine.begin() as connection:
            herd.lock_farm(connection, 1)
            calibrations.append_live(connection, self.ids[name], made)

    def feed(self, messages, size):
        self.delivered.update(messages)

        async def work():
            runner = Runner(self.url, MAKE_DECODER, most_keys=2)
            async with running(runner):
                await runner.loaded()
                for start in range(0, len(messages), size):
                    runner.intake(Batch(messages[start : start + size], lambda: None))
                    await asyncio.sleep(0)

        asyncio.run(work())

    def rows(self):
        """Windows, and how messages of the neck moved."""
        windows = "SELECT bucket, received_s, known_s, standing_s, standing, lying FROM posture_window ORDER BY 1"
        with self.engine.connect() as connection:
            motions = connection.execute(text("SELECT * FROM motion ORDER BY 1, 2, 3")).all()
            return connection.execute(text(windows)).all(), motions


made = st.tuples(
    st.sampled_from(["append", "begin", "publish"]), st.sampled_from([NECK, NECK, LEG]), st.integers(0, len(NECKS) - 1)
)


@settings(max_examples=7)
@given(
    first=st.tuples(st.integers(0, 5), st.integers(0, 5)),
    early=sent_from(0, 10_000, 600_000, 865_000),
    late=sent_from(880_000, 885_000, 890_000, 1_000_000),
    steps=st.lists(made, min_size=1, max_size=4),
    size=st.integers(1, 4),
    order=st.randoms(),
)
def test_what_is_made_between_deliveries_of_the_same_messages_counts_as_if_made_before_all(
    engine, database_url, first, early, late, steps, size, order
):
    """Before `LATER` calibrations for live use and generations come between the early messages, duplicated at will.

    The late ones, some of which begin before `LATER`, come when all live calibrations are known; generations are
    published between them, too.
    """
    farm = Farm(engine, database_url)
    made = {}
    for name, drawn in zip((NECK, LEG), first, strict=True):
        made[name] = {"published": [calibration(name, SINCE_EVER, drawn)], "begun": []}
        farm.publish(name, farm.begin(name, made[name]["published"]))
    for what, name, drawn in sorted(steps, key=lambda step: step[0] != "append"):
        deliver(farm, early, size, order)
        one = made[name]
        if what == "append" and len(one["published"]) == 1:
            live = calibration(name, LATER, drawn)
            farm.append(name, live)
            one["published"].append(live)
        elif what == "begin":
            history = [calibration(name, SINCE_EVER, drawn), *one["published"][1:]]
            one["begun"].append((farm.begin(name, history), history))
        elif one["begun"]:
            number, one["published"] = one["begun"].pop()
            one["begun"].clear()
            deliver(farm, late, size, order)
            farm.publish(name, number)
    deliver(farm, late, size, order)
    farm.feed([one for one in early + late if one not in farm.delivered], size)  # the others are not read again
    found = farm.rows()

    right = Farm(engine, database_url)
    for name, one in made.items():
        right.publish(name, right.begin(name, one["published"]))
    right.feed(list(dict.fromkeys(early + late)), 1)
    assert found == right.rows()


def deliver(farm, messages, size, order):
    """Send some of the messages, in any order, some of them twice."""
    some = [order.choice(messages) for _ in range(order.randrange(len(messages) + 2))]
    if some:
        farm.feed(some, size)
