import json
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from animov.commands.whole import app
from bench import posture_live
from bench.posture_days import days_compared, last_day, most_still
from bench.posture_labelled import first_watched, model_of
from bench.posture_live import Look, live, noticed_at, said
from bench.posture_recorded import Layout, LayoutError, layout_of, read
from bench.posture_rivals import fixed_angle, forest, forests, plain
from bench.posture_scores import Judged, by_behaviour, compared, figures, longest_wrong_s, wrong_of_known
from bench.posture_simulated import FIRST_DAY, TURNED_MS, herd_of, simulated
from bench.posture_speed import classified_per_s
from bench.posture_wearers import wearer
from ingest.simulation.settings import REPORTED_SEEDS
from storage.evidence.registry import SINCE_EVER, Calibration
from stream.posture.anchor import anchor_of
from stream.posture.seat import Seat
from stream.posture.walks import walks_of

postures = st.sampled_from([-1, 0, 1])
stretches = st.lists(st.tuples(st.sampled_from([5, 10]), postures, postures), min_size=1, max_size=30)
AXES = ("fwd", "up", "right")
ROW = "time,x,y,z,animal,label\n1,1,2,3,a,standing"


def judged_of(rows):
    ends = np.cumsum([1000 * seconds for seconds, _, _ in rows])
    starts = np.concatenate([[0], ends[:-1]])
    truth, told = (np.array([row[column] for row in rows], dtype=np.int8) for column in (1, 2))
    return Judged(starts, ends, truth, told)


@given(rows=stretches)
def test_figures_are_those_of_counting_second_by_second(rows):
    counted = {(truth, told): 0 for truth in (0, 1) for told in (-1, 0, 1)}
    for seconds, truth, told in rows:
        if truth >= 0:
            counted[truth, told] += seconds

    found = figures([judged_of(rows)])

    def share(part, whole):
        return pytest.approx(part / whole, abs=1e-4) if whole else None

    seconds = sum(counted.values())
    known = {posture: counted[posture, 0] + counted[posture, 1] for posture in (0, 1)}
    assert found["seconds"] == seconds
    assert found["unknown"] == share(counted[0, -1] + counted[1, -1], seconds)
    assert found["standing_found"] == share(counted[1, 1], known[1])
    assert found["lying_found"] == share(counted[0, 0], known[0])
    assert found["standing_precision"] == share(counted[1, 1], counted[1, 1] + counted[0, 1])
    assert found["lying_precision"] == share(counted[0, 0], counted[0, 0] + counted[1, 0])
    if known[0] and known[1]:
        expected = (counted[1, 1] / known[1] + counted[0, 0] / known[0]) / 2
        assert found["balanced_accuracy"] == pytest.approx(expected, abs=1e-4)
    else:
        assert found["balanced_accuracy"] is None


@given(rows=stretches)
def test_the_longest_wrong_time_is_the_longest_of_all_spans_that_hold_nothing_right(rows):
    judged = judged_of(rows)
    wrong = [truth >= 0 and told == 1 - truth for _, truth, told in rows]
    right = [truth >= 0 and told == truth for _, truth, told in rows]

    spans = [
        (judged.end[last] - judged.start[first]) / 1000
        for first in range(len(rows))
        for last in range(first, len(rows))
        if wrong[first] and wrong[last] and not any(right[first : last + 1])
    ]

    assert longest_wrong_s(judged) == max(spans, default=0)


@given(rows=stretches)
def test_the_outcomes_of_a_behaviour_add_up_and_weigh_as_the_whole(rows):
    judged = judged_of(rows)
    names = np.array(["a" if seconds == 5 else "b" for seconds, _, _ in rows])

    found = by_behaviour([judged], [names])

    for one in found.values():
        assert one["right"] + one["wrong"] + one["unknown"] == pytest.approx(1, abs=1e-3)
    known = sum(one["share"] * (one["right"] + one["wrong"]) for one in found.values())
    if known:
        wrong = sum(one["share"] * one["wrong"] for one in found.values()) / known
        assert wrong_of_known([judged]) == pytest.approx(wrong, abs=2e-3)


def three_animals(folder, header="time,x,y,z,animal,label", rows_of=None):
    """Write three animals that stand for two minutes at one angle of the neck, and lie for two at another."""
    rng = np.random.default_rng(5)
    for number in range(3):
        lines = [header]
        for tenth in range(2400):
            stands = tenth < 1200
            forward = rng.normal(0.1 if stands else 0.4, 0.02)
            xyz = f"{forward:.3f},{np.sqrt(1 - forward**2):.3f},0"
            label = "standing" if stands else "lying"
            lines.append(
                (rows_of or "{t},{xyz},{animal},{label}").format(
                    t=1_700_000_000_000 + 100 * tenth, xyz=xyz, animal=f"goat{number}", label=label
                )
            )
        (folder / f"{number}_goat{number}.csv").write_text("\n".join(lines))


def test_any_layout_of_the_same_recordings_reads_the_same(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir(), other.mkdir()
    three_animals(one)
    three_animals(other, header="ms,a,b,c,what", rows_of="{t},{xyz},{label}")
    layout = layout_of(
        time="ms", xyz="a,b,c", animal="", label="what", name=r"_(?P<animal>goat\d)", standing="standing",
        lying="lying", unit="g", hz=None,
    )  # fmt: skip

    for first, second in zip(read(one, Layout()), read(other, layout), strict=True):
        assert first.animal == second.animal
        assert first.firsts == second.firsts == [0]
        assert np.array_equal(first.times, second.times)
        assert np.array_equal(first.xyz, second.xyz)
        assert first.postures.tolist() == second.postures.tolist() == [1] * 1200 + [0] * 1200


def test_times_are_read_in_iso_8601_in_seconds_and_in_milliseconds_and_gaps_part_messages(tmp_path):
    moments = [1_700_000_000.0, 1_700_000_000.5, 1_700_000_004.0]
    written = {
        "iso": ["2023-11-14T22:13:20Z", "2023-11-14T22:13:20.5Z", "2023-11-14T23:13:24+01:00"],
        "s": [f"{moment}" for moment in moments],
        "ms": [f"{1000 * moment:.0f}" for moment in moments],
    }
    for name, texts in written.items():
        folder = tmp_path / name
        folder.mkdir()
        (folder / "a.csv").write_text("\n".join(["time,x,y,z", *(f"{text},0,1000,0" for text in texts)]))
        [found] = read(folder, Layout(animal=None, label=None, unit="mg"))
        assert found.times.tolist() == [round(1000 * moment) for moment in moments]
        assert found.firsts == [0, 2]
        assert found.xyz.tolist() == [[0, 1, 0]] * 3
        assert found.postures.tolist() == [-1] * 3


@pytest.mark.parametrize(
    ("text", "layout", "message"),
    [
        pytest.param("time,x,y\n1,2,3", Layout(), "can't be read with the columns", id="column_missing"),
        pytest.param("time,x,y,z\nnoon,1,2,3", Layout(animal=None, label=None), "no time in ISO 8601", id="no_time"),
        pytest.param("x,y,z\n1,2,3", Layout(None, animal=None, label=None), "samples a second", id="no_rate"),
        pytest.param("time,x,y,z\n1,1,2,3", Layout(name="(?P<animal>b)"), "has not the form", id="other_name"),
        pytest.param(None, Layout(), "holds no file", id="empty_folder"),
        pytest.param("", Layout(), "a.csv can't be read", id="empty_file"),
        pytest.param("time,x,y,z,animal,label", Layout(), "a.csv holds no row", id="no_row"),
        pytest.param(f"{ROW}\n2,1,,3,a,lying", Layout(), "a.csv, line 3: y is no number", id="no_number"),
        pytest.param(f"{ROW}\n2,1,x,3,a,lying", Layout(), "a.csv, line 3: y is no number", id="word_for_number"),
        pytest.param(f"{ROW}\n2,1,inf,3,a,lying", Layout(), "a.csv, line 3: y is no number", id="infinite"),
        pytest.param(f"{ROW}\n,1,2,3,a,lying", Layout(), "a.csv, line 3: time is empty", id="time_missing"),
        pytest.param(f"{ROW}\n2,1,2,3,,lying", Layout(), "a.csv, line 3: animal is empty", id="animal_missing"),
        pytest.param(f"{ROW}\n0,1,2,3,a,lying", Layout(), "a.csv, line 3: the time falls", id="disorder"),
        pytest.param(f"{ROW}\n2,1,2,3,a,lies", Layout(), "labelled lying; the labels are lies, standing", id="label"),
    ],
)
def test_a_folder_that_does_not_fit_is_refused_with_the_reason(tmp_path, text, layout, message):
    if text is not None:
        (tmp_path / "a.csv").write_text(text)
    with pytest.raises(LayoutError, match=message):
        read(tmp_path, layout)


def test_one_animal_in_two_files_at_once_is_refused_but_without_times_they_follow_each_other(tmp_path):
    for name in "ab":
        (tmp_path / f"{name}.csv").write_text(f"{ROW}\n2,1,2,3,a,lying")

    with pytest.raises(LayoutError, match="a is in two files at the same time"):
        read(tmp_path, Layout())
    [one] = read(tmp_path, Layout(None, hz=10))

    assert one.firsts == [0, 2]
    assert (np.diff(one.times) > 0).all()


def test_a_single_animal_has_no_others_to_learn_from(tmp_path):
    lines = [f"{t / 10},0.1,1,0,a,{'standing' if t < 300 else 'lying'}" for t in range(600)]
    (tmp_path / "a.csv").write_text("\n".join(["time,x,y,z,animal,label", *lines]))

    done = CliRunner().invoke(app, ["bench", "posture", "--seeds", "", "--recordings", str(tmp_path)])

    assert done.exit_code != 0
    assert "judged by the others" in str(done.exception)


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"xyz": "x,y"}, "three columns"), ({"unit": "kg"}, "told in g"), ({"lying": "standing"}, "can't lie too"),
     ({"name": "("}, "no regular expression")],
)  # fmt: skip
def test_a_layout_that_is_none_is_refused(changes, message):
    plain = {"time": "time", "xyz": "x,y,z", "animal": "", "label": "", "name": None, "standing": "standing"}
    with pytest.raises(LayoutError, match=message):
        layout_of(**(plain | {"lying": "lying", "unit": "g", "hz": None} | changes))


def wearers_of(folder):
    return [
        wearer(one.animal, AXES, times=one.times, xyz=one.xyz, postures=one.postures, firsts=one.firsts)
        for one in read(folder, Layout())
    ]


def test_rivals_learn_from_the_other_animals_and_tell_what_an_angle_tells(tmp_path):
    three_animals(tmp_path)
    wearers = wearers_of(tmp_path)

    one, *others = wearers
    blind = one._replace(truth=np.full_like(one.truth, -1))
    seen = [(plain(other.features), other.truth) for other in others]
    for told in (fixed_angle(blind, others), forest(plain(blind.features), seen, seed=1)):
        assert figures([one.judged(told)])["balanced_accuracy"] > 0.95


def test_each_forest_has_seen_the_others_alone():
    near = np.linspace(0, 1, 40)[:, None]
    rows, half = [near, near, near], np.repeat(np.array([0, 1], dtype=np.int8), 20)

    odd, one, other = forests(rows, [1 - half, half, half], 1)

    assert (odd == half).mean() > 0.9
    assert (forests(rows[:2], [half, np.zeros(40, dtype=np.int8)], 1)[0] == -1).all()
    assert len(one) == len(other) == 40


def calibrated(since, **parameters):
    return Calibration(since, "collar", AXES, 1, parameters)


def test_what_is_learned_says_nothing_of_what_came_before_but_where_the_past_is_read_again(tmp_path):
    three_animals(tmp_path)
    one = wearers_of(tmp_path)[0]
    blank, seat = calibrated(SINCE_EVER), {"anchor": (0.25, 0.968, 0.0), "spread_deg": 3.0}
    since, later = int(one.start[6]), int(one.start[12])

    told = said(one, [blank, calibrated(later, **seat)])
    looks = [Look(SINCE_EVER, (blank,)), Look(later, (blank, calibrated(since, **seat)))]

    assert (told[:12] == -1).all()
    assert (told[12:] >= 0).any()
    assert live(one, looks).tolist() == told.tolist()
    assert (said(one, looks[-1].calibrations)[6:12] >= 0).any()


def test_a_turn_is_noticed_when_one_more_is_told_than_before():
    first, again = calibrated(10, turned=True), calibrated(50, turned=True)
    looks = [Look(SINCE_EVER, (calibrated(SINCE_EVER),)), Look(20, (first,)), Look(60, (first, again))]

    assert noticed_at(looks, 40) == 60
    assert noticed_at(looks[:2], 40) is None


def test_what_is_read_is_smoothed(pair):
    one = pair[0]
    told, smooth = (one.judged(say(one, looked_at(one))) for say in (live, posture_live.read))

    assert figures([smooth])["balanced_accuracy"] > figures([told])["balanced_accuracy"]


def test_a_model_sees_ten_minutes_of_each_posture_and_none_is_fitted_to_one_alone(tmp_path):
    three_animals(tmp_path)
    wearers = wearers_of(tmp_path)
    seat = Seat((0.25, 0.968, 0.0), 3.0)

    watched = [first_watched(one, int(one.start[2]), int(one.end[-1])) for one in wearers]
    model = model_of([(one, [(where, seat)]) for one, where in zip(wearers, watched, strict=True)])
    blind = model_of([(one._replace(truth=np.ones_like(one.truth)), [(one.truth >= 0, seat)]) for one in wearers])

    assert [where.tolist() for where in watched] == [[False] * 2 + [True] * 22] * 3
    assert model.keys() == {"model"}
    assert blind == {}


@pytest.fixture(scope="module")
def pair():
    """Two goats of a seed on which rules were chosen, for a day."""
    herd = herd_of(25, 2, "collar", 0)
    return [simulated(herd, animal, FIRST_DAY, 1) for animal in herd.animals]


def looked_at(one):
    anchor = anchor_of(walks_of(one.motions, AXES, {})).anchor
    return [Look(SINCE_EVER, (calibrated(SINCE_EVER, anchor=anchor),))]


def test_what_is_read_without_labels_is_better_than_any_angle_and_known_for_most_of_the_day(pair):
    rules = compared(
        {
            "read": [one.judged(posture_live.read(one, looked_at(one))) for one in pair],
            "uncalibrated": [one.judged(one.uncalibrated) for one in pair],
            "angle": [one.judged(fixed_angle(one, [other])) for one, other in (pair, pair[::-1])],
        }
    )

    assert rules["read"]["balanced_accuracy"] > 0.85
    assert rules["read"]["balanced_accuracy"] > rules["angle"]["balanced_accuracy"] + 0.1
    assert rules["read"]["balanced_accuracy"] > rules["uncalibrated"]["balanced_accuracy"] + 0.1
    assert rules["read"]["unknown"] < 0.15


def test_a_collars_day_is_held_against_the_true_one(pair):
    days = days_compared([
        {rule: last_day(said, int(one.start[0]) // 1000)
         for rule, said in (("truth", one.truth), ("read", posture_live.read(one, looked_at(one))))}
        for one in pair
    ])  # fmt: skip

    assert days["standing_h"]["truth"]["mean_error"] == 0
    assert 15 < days["lying_bouts"]["truth"]["mean"] < 40
    assert days["standing_h"]["read"]["mean_error"] < 3
    assert days["lying_bouts"]["read"]["mean"] > days["lying_bouts"]["truth"]["mean"] / 3
    assert 0.1 < max(most_still(one.motions) for one in pair) < 0.99


def test_simulated_collars_turn_at_noon_of_the_second_day_every_second_one():
    herds = [herd_of(seed, 4, "collar", place) for place, seed in enumerate((7, 8))]

    turns = [rotation for herd in herds for rotation in herd.settings.mounting.rotations]

    assert [rotation.animal for rotation in turns] == [0, 2, 0, 2]
    assert {rotation.at.timestamp() * 1000 for rotation in turns} == {TURNED_MS}
    assert len({(rotation.roll_deg, rotation.pitch_deg) for rotation in turns}) == 4
    assert REPORTED_SEEDS == (101, 102, 103, 104, 105, 106)


def test_a_simulated_wearers_stretches_cover_its_days_and_agree_with_the_truth(pair):
    one = pair[0]

    assert len(one.start) == 8640
    assert all(before <= after for before, after in pairwise(one.start.tolist()))
    assert (one.end - one.start == 10_000).all()
    assert 0.3 < (one.truth == 1).mean() < 0.8
    assert (one.truth == -1).mean() < 0.02
    assert len(one.motions) == 8640


def test_many_messages_at_once_are_classified_faster_than_one_by_one():
    rates = classified_per_s(1)

    assert rates["at_once"] > rates["one_by_one"] > 0


@pytest.mark.recordings
def test_the_leg_recordings_shares_and_bouts_are_those_of_the_reference(recordings, tmp_path):
    name = "leg_accelerometer_5hz_2cows.csv.gz"
    (tmp_path / name).symlink_to(recordings / name)
    words = ["--mount", "leg", "--xyz", "acc_fwd,acc_up,acc_right", "--animal", "id", "--label", "", "--json"]

    done = CliRunner().invoke(
        app, ["bench", "posture", "--seeds", "", "--recordings", str(tmp_path), "--species", "cattle", *words]
    )

    assert done.exit_code == 0
    first, second = json.loads(done.stdout)["recorded"]["legs"]
    assert (first["animal"], first["bouts"], first["lying_bouts"]) == ("cow01", 9, 4)
    assert (second["animal"], second["bouts"], second["lying_bouts"]) == ("cow02", 6, 3)
    assert first["standing"] == pytest.approx(0.592, abs=0.002)
    assert second["standing"] == pytest.approx(0.615, abs=0.002)


def test_the_bench_prints_every_rule_beside_the_published_figures(tmp_path):
    three_animals(tmp_path)

    done = CliRunner().invoke(app, ["bench", "posture", "--seeds", "", "--recordings", str(tmp_path)])

    assert done.exit_code == 0
    for told in (
        "uncalibrated",
        "without labels",
        "with labels",
        "fixed angle",
        "random forest",
        "forest, anchored",
        "Vazquez Diosdado 2015",
    ):
        assert told in done.stdout
