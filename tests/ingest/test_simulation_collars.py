import csv
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from statistics import fmean

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.simulation.acceleration import RISING_MS, acceleration, behaviours
from ingest.simulation.behaviours import MOMENT_MS, SPELLS
from ingest.simulation.herd import Herd
from ingest.simulation.messages import sample_messages
from ingest.simulation.settings import NO_FAULTS, Carriage, Group, HerdSettings, Mounting, Rotation
from ingest.simulation.truth import NO_CHANGE_MS, stances, truth

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
START = 1_761_429_600_000  # 2025-10-26 00:00 in Paris
TURNED = START + 15 * MINUTE
TURN = Rotation(1, datetime.fromtimestamp(TURNED / 1000, UTC), roll_deg=70, pitch_deg=20)
STRAIGHT = Mounting(0, 0, 0, slip_roll_sd_deg=0, slip_pitch_sd_deg=0, gain_sd=0, offset_sd_g=0, noise_g=0)
GROUPS = (Group("tags", 1, "leg"), Group("necks", 2, "collar"), Group("ears", 1, "ear"))
HERD = Herd(HerdSettings(groups=GROUPS, faults=NO_FAULTS, mounting=Mounting(rotations=(TURN,))))


def measured(herd: Herd, animal, times):
    return acceleration(herd.settings, animal, times, stances(herd, animal, times))


def with_mounting(mounting: Mounting) -> Herd:
    return Herd(replace(HERD.settings, mounting=mounting))


cuts = st.lists(
    st.sampled_from([START - 300, START, TURNED - 100, TURNED, TURNED + 7_300, START + 40 * MINUTE, START + HOUR])
    | st.integers(START, START + HOUR),
    min_size=1,
    max_size=3,
)


@settings(max_examples=40, deadline=None)
@given(number=st.integers(0, 3), cuts=cuts, hz=st.sampled_from([1, 10]))
def test_what_a_tag_measures_is_the_same_however_the_range_is_cut(number, cuts, hz):
    animal = HERD.animals[number]
    times = np.arange(START - 10 * MINUTE, START + HOUR, 1000 // hz)

    pieces = [part for part in np.split(times, np.searchsorted(times, sorted(cuts))) if len(part)]

    assert np.array_equal(
        measured(HERD, animal, times), np.concatenate([measured(HERD, animal, part) for part in pieces])
    )


@settings(max_examples=20, deadline=None)
@given(start=st.integers(0, 24 * 60).map(lambda minute: START + minute * MINUTE), number=st.integers(0, 3))
def test_the_nearest_change_of_posture_is_that_of_the_truth(start, number):
    animal = HERD.animals[number]
    times = np.arange(start, start + HOUR, 700)
    found = stances(HERD, animal, times)
    spans = truth(HERD, animal, start - HOUR, start + 2 * HOUR)
    changes = np.array([span.t0 for span in spans[1:]])

    away = np.abs(times[:, None] - changes).min(axis=1)
    standing = [next(span.posture for span in spans if span.t0 <= at < span.t1) == "standing" for at in times.tolist()]

    assert found.standing.tolist() == standing
    assert np.minimum(np.abs(found.from_change_ms), NO_CHANGE_MS).tolist() == np.minimum(away, NO_CHANGE_MS).tolist()


def test_a_turn_takes_effect_at_its_time_on_its_collar_and_stays():
    still = with_mounting(Mounting())
    times = np.arange(START, START + 2 * HOUR, 1000)
    before, after = times < TURNED, times > TURNED + 20_000

    for animal in HERD.animals:
        with_turn, without = (measured(herd, animal, times) for herd in (HERD, still))
        moved = np.linalg.norm(with_turn - without, axis=1)
        assert not moved[before].any()
        assert (moved[after].min() > 0.1) if animal.number == TURN.animal else not moved.any()


def test_a_straight_exact_tag_reads_gravity_of_1_g_and_the_angles_of_its_mounting():
    tilted = with_mounting(replace(STRAIGHT, rotations=(replace(TURN, roll_deg=90, pitch_deg=0),)))
    straight = with_mounting(STRAIGHT)
    animal = straight.animals[1]
    times = np.arange(TURNED + MINUTE, TURNED + HOUR, 100)

    one, other = measured(straight, animal, times), measured(tilted, animal, times)

    still = np.abs(np.linalg.norm(one, axis=1) - 1)
    assert np.median(still) < 0.03
    assert other[:, 0] == pytest.approx(one[:, 0], abs=1e-9)  # rolled about the neck, its pitch is the same
    assert other[:, 1] == pytest.approx(-one[:, 2], abs=1e-9)
    assert other[:, 2] == pytest.approx(one[:, 1], abs=1e-9)


def test_a_tilted_tag_that_rolls_reads_another_pitch():
    tilted = replace(STRAIGHT, pitch_sd_deg=30)
    times = np.arange(TURNED + MINUTE, TURNED + 10 * MINUTE, 100)
    rolled = replace(tilted, rotations=(replace(TURN, roll_deg=90, pitch_deg=0),))

    one, other = (measured(herd, herd.animals[1], times) for herd in map(with_mounting, (tilted, rolled)))

    assert np.abs(one[:, 0] - other[:, 0]).mean() > 0.05


def test_a_collar_drifts_by_degrees_in_days_and_hardly_in_minutes():
    drifting = replace(STRAIGHT, slip_roll_sd_deg=6, slip_pitch_sd_deg=4)
    animal, times = HERD.animals[1], np.arange(START, START + 20 * DAY, MINUTE)
    straight, slipped = (measured(with_mounting(mounting), animal, times) for mounting in (STRAIGHT, drifting))

    off = np.degrees(np.linalg.norm(slipped - straight, axis=1))

    assert 2 < np.sqrt((off**2).mean()) < 15
    assert np.abs(np.diff(off)).mean() < 2.0


def test_sensors_err_in_gain_and_offset_as_their_data_sheets_say():
    herd = Herd(HerdSettings(groups=(Group("necks", 80, "collar"),), mounting=replace(STRAIGHT, gain_sd=0.02)))
    biased = Herd(replace(herd.settings, mounting=replace(herd.settings.mounting, offset_sd_g=0.025)))
    exact = Herd(replace(herd.settings, mounting=STRAIGHT))
    times = np.arange(START, START + 1000, 100)

    errors, gains = [], []
    for animal in herd.animals:
        true, scaled, whole = (measured(one, animal, times) for one in (exact, herd, biased))
        gains.append((scaled / true).mean(axis=0) - 1)
        errors.append((whole - scaled).mean(axis=0))

    assert np.std(gains) == pytest.approx(0.02, rel=0.2)
    assert np.std(errors) == pytest.approx(0.025, rel=0.2)


@pytest.mark.parametrize("number", [1, 3])
def test_a_goat_that_changes_posture_kneels_in_between(number):
    calm = Herd(replace(HERD.settings, mounting=STRAIGHT))
    animal, downward = calm.animals[number], []
    for span in truth(calm, animal, START, START + DAY)[1:]:
        times = np.arange(span.t0 - 2 * RISING_MS, span.t0 + 2 * RISING_MS, 100)
        forward = measured(calm, animal, times)[:, 0]
        near = np.abs(times - span.t0) < RISING_MS / 2
        far = np.abs(times - span.t0) > RISING_MS
        downward.append(forward[far].mean() - forward[near].mean())

    assert len(downward) > 30
    assert fmean(downward) > 0.15


def test_ears_flick_and_legs_do_not():
    calm = Herd(replace(HERD.settings, mounting=STRAIGHT, carriage=Carriage(restless_spread=0)))
    shaken = Counter()
    for animal in calm.animals:
        [lying] = [span for span in truth(calm, animal, START, START + DAY) if span.t1 - span.t0 > 20 * MINUTE][:1]
        times = np.arange(lying.t0 + MINUTE, lying.t0 + 20 * MINUTE, 100)
        jumps = np.abs(np.diff(measured(calm, animal, times), axis=0)).max(axis=1) > 0.35
        shaken[animal.mount] += len(set((times[1:][jumps] // 1000).tolist()))

    assert shaken["ear"] > 15
    assert shaken["ear"] > shaken["collar"]


@pytest.mark.parametrize(("mount", "stands"), SPELLS)
def test_the_shares_of_spells_and_of_their_moments_are_all_of_the_time(mount, stands):
    spells = SPELLS[mount, stands]

    assert sum(spell.share for spell in spells) == pytest.approx(1)
    assert all(sum(share for share, _ in spell.moments) == pytest.approx(1) for spell in spells)


def shares_of_behaviours(days: int = 6) -> dict[str, float]:
    """Return the share of the time in each behaviour, over six goats with collars."""
    herd = Herd(HerdSettings(groups=(Group("necks", 6, "collar"),)))
    times = np.arange(START, START + days * DAY, MOMENT_MS)
    counted = Counter(
        name
        for animal in herd.animals
        for name in behaviours(herd.settings, animal, times, stances(herd, animal, times))
    )
    return {name: count / counted.total() for name, count in counted.items()}


def test_goats_eat_and_ruminate_as_long_as_stalled_ones_do():
    """Abijaoude 2000: 12 to 14 hours of chewing a day; Ribeiro 2019: 10 to 13 minutes of rumination an hour."""
    share = shares_of_behaviours()
    ruminating = share["ruminating lying"] + share["ruminating upright"]
    eating = share["grazing"] + share["looking up"]

    assert 10 <= 60 * ruminating <= 20  # Abijaoude's goats ruminated longer
    assert 10 <= 24 * (eating + ruminating) <= 14
    assert share["walking"] < 0.05


@pytest.mark.recordings
def test_grazing_goats_hold_their_heads_down_and_walk_as_those_that_were_watched(recordings):
    """730 epochs of 16 goats at pasture: for a housed herd they only tell of grazing and walking."""
    with (recordings / "goat_behaviour_epochs_labelled.tsv").open() as lines:
        epochs = list(csv.DictReader(lines, delimiter="\t"))
    grazing = [epoch for epoch in epochs if epoch["Activity"] in {"G", "GM"}]
    watched_down = fmean(float(epoch["%HeadDown"]) for epoch in grazing) / 100
    watched_lying = fmean(float(epoch["Lying"]) for epoch in grazing)
    watched_walking = sum(epoch["Activity"] == "W" for epoch in epochs) / len(grazing)
    share = shares_of_behaviours()
    eating = share["grazing"] + share["looking up"]

    assert (len(epochs), len({epoch["Anim"] for epoch in epochs})) == (730, 16)
    assert share["grazing"] / eating == pytest.approx(watched_down, abs=0.05)
    assert share["walking"] / eating == pytest.approx(watched_walking, abs=0.05)
    assert watched_lying < 0.01  # the simulated goat never lies and grazes


def test_equal_settings_give_equal_messages_and_every_mount_sends_them():
    one, other = (list(sample_messages(Herd(HERD.settings), START, START + MINUTE)) for _ in range(2))

    assert one == other
    assert {message.topic.split("/")[3].split("-")[0] for message in one} == {"leg", "collar", "ear"}


def test_movement_is_as_strong_as_was_measured():
    """Mean VeDBA of ten seconds on ten cows: walking 0.13-0.28 g, standing 0.05-0.11, resting from 0.014."""
    herd = Herd(HerdSettings(seed=7, groups=(Group("necks", 4, "collar"),)))
    found: dict[str, list[float]] = {}
    for animal in herd.animals:
        times = np.arange(START, START + DAY, 100)
        xyz = measured(herd, animal, times).reshape(-1, 100, 3)
        names = np.array(behaviours(herd.settings, animal, times[50::100], stances(herd, animal, times[50::100])))
        vedba = np.linalg.norm(xyz - xyz.mean(axis=1, keepdims=True), axis=2).mean(axis=1)
        for name in set(names.tolist()):
            found.setdefault(name, []).append(float(np.median(vedba[names == name])))

    assert 0.13 < fmean(found["walking"]) < 0.28
    assert 0.1 < fmean(found["grazing"]) < 0.3
    assert 0.04 < fmean(found["standing"]) < 0.11
    assert 0.010 < fmean(found["resting"]) < 0.03
