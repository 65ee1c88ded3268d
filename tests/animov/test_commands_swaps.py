"""Exchanged collars on the command line and a real database: listed, confirmed, and then no longer listed."""

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from core.clock import NodeClock
from storage.engine import clocks

FIRST = datetime(2026, 5, 1, tzinfo=UTC)
DAYS, EXCHANGED = 28, 20
BOUTS = {"Brune": (10, 0.65), "Noire": (30, 0.35), "Rousse": (18, 0.5), "Blanche": (20, 0.5), "Grise": (22, 0.5)}


def day_of(animal, start, rng):
    """Yield the bouts of a goat's day: how often it lies, and which share of the day it stands, vary a little."""
    bouts, standing = BOUTS[animal]
    bouts, standing = bouts + int(rng.integers(-2, 3)), standing + rng.uniform(-0.05, 0.05)
    edges = np.cumsum(np.tile([standing, 1 - standing], bouts) * 86_400 / bouts).round()
    for begin, end, posture in zip([0, *edges[:-1]], edges, ["standing", "lying"] * bouts, strict=True):
        yield start + timedelta(seconds=begin), start + timedelta(seconds=end), posture


@pytest.fixture
def barn(node, engine, tmp_path):
    """Five goats, of which Brune and Noire came back from milking with each other's collar."""
    rng = np.random.default_rng(7)
    wearer = {"Brune": "Noire", "Noire": "Brune"}
    rows = []
    for place in range(DAYS):
        for collar in BOUTS:
            lives = wearer.get(collar, collar) if place >= EXCHANGED else collar
            rows += [(*bout, collar) for bout in day_of(lives, FIRST + timedelta(days=place), rng)]
    lines = [
        f"{start.isoformat()},{end.isoformat()},{posture},{collar}" for start, end, posture, collar in sorted(rows)
    ]
    file = tmp_path / "seen.csv"
    file.write_text("\n".join(["t0,t1,posture,id", *lines]))
    with engine.begin() as connection:
        clocks.write(connection, NodeClock(ceiling=(FIRST + timedelta(days=DAYS, hours=6)).timestamp()))
    imported = node("import", "posture", file, "--farm", "barn", "--zone", "UTC", "--no-backtest")
    assert imported.code == 0, imported.err
    return node


def test_an_exchange_is_proposed_confirmed_and_then_no_longer_listed(barn):
    (proposed,) = json.loads(barn("animals", "swaps", "--farm", "barn", "--json").out)
    line = barn("animals", "swaps", "--farm", "barn").out

    assert sorted(proposed["animals"]) == ["Brune", "Noire"]
    assert proposed["from"] == "2026-05-21"
    assert proposed["evidence"] > proposed["level"]
    assert min(proposed["one_way"], proposed["other_way"]) >= proposed["level"] / 4
    words = ("animals", "swap", *proposed["animals"], "--from", proposed["from"], "--farm", "barn")
    assert line.endswith(f"if so: animov {' '.join(words)}\n")
    assert barn(*words[:2], "Brune", "none", *words[4:]).code == 1
    assert barn(*words[:2], "Brune", "Brune", *words[4:]).code == 2

    confirmed = barn(*words)

    assert confirmed.code == 0, confirmed.err
    assert barn("animals", "swaps", "--farm", "barn").out == "no two animals seem to have exchanged collars\n"
    asked = ("--animal", "Brune", "--farm", "barn", "--from", "2026-05-18", "--to", "2026-05-27", "--json")
    days = json.loads(barn("animals", "days", *asked).out)
    assert all(day["standing_s"] / day["known_s"] > 0.55 for day in days)
