"""When a collar has fallen silent, when a posture has lasted too long: the rules alone."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from storage.animals.watching_animals import Heard
from stream.behaviour.bouts import Bout
from stream.behaviour.silence import LONGEST, is_widespread, limit_of, outage_since, silence_at
from stream.behaviour.stillness import BRIDGED_S, end_of, lasts, run_at, runs_of

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LEAST = timedelta(minutes=30)
minutes = st.integers(0, 12)


@given(st.lists(st.tuples(minutes, minutes), max_size=4), minutes, st.none() | minutes)
def test_a_silence_is_what_the_minutes_without_a_sign_say(spans, instant, worn):
    heard = sorted(Heard(NOON + min(pair) * MINUTE, NOON + (max(pair) + 1) * MINUTE) for pair in spans)
    signs = {(one.start - NOON) // MINUTE + step for one in heard for step in range((one.end - one.start) // MINUTE)}
    before = [minute for minute in signs if minute <= instant]
    since = max([minute + 1 for minute in before] + ([] if worn is None else [worn]), default=None)
    after = min((minute for minute in signs if minute > instant), default=None)
    found = silence_at(heard, NOON + instant * MINUTE, None if worn is None else NOON + worn * MINUTE)

    if since is None or since > instant:
        assert found is None
    else:
        assert found == (NOON + since * MINUTE, None if after is None else NOON + after * MINUTE)


@given(st.lists(st.sampled_from([1800.0, 3600.0, 7200.0, 200_000.0]), max_size=5))
def test_no_pause_that_came_twice_is_called_a_silence_nor_is_a_day_tolerated(pauses):
    limit = limit_of(pauses, LEAST)

    assert LEAST <= limit <= LONGEST
    assert all(pauses.count(one) < 2 or limit > timedelta(seconds=one) or limit == LONGEST for one in pauses)
    assert limit == limit_of(sorted(pauses), LEAST)


@given(st.integers(0, 12), st.integers(1, 12))
def test_what_has_become_widespread_stays_so_as_long_as_it_could_become_it(concerned, of):
    if is_widespread(concerned, of, already=False):
        assert is_widespread(concerned, of, already=True)
        assert concerned >= 3


def test_an_outage_began_when_half_had_fallen_silent():
    sinces = [NOON + number * MINUTE for number in (9, 1, 5, 3)]

    assert outage_since(sinces, 8) == NOON + 9 * MINUTE
    assert outage_since(sinces, 5) == NOON + 5 * MINUTE


def bouts_between(edges, *, lying=True):
    """Bouts by turns from edge to edge; a negative edge leaves a gap before it."""
    found = []
    for number, (start, end) in enumerate(pairwise(edges)):
        found.append(Bout(start, end, lying == (number % 2 == 0), open_start=False, open_end=False))
    return found


def test_short_gaps_join_bouts_of_one_posture_and_others_part_them():
    lying = [Bout(start, start + 1000, lying=True, open_start=True, open_end=True) for start in (0, 1000 + BRIDGED_S)]
    far = Bout(4000 + BRIDGED_S, 9000, lying=True, open_start=True, open_end=True)
    stands = Bout(9000, 9100, lying=False, open_start=False, open_end=False)

    runs = runs_of([*lying, far, stands])
    assert [(run.since, run.until, run.known_s) for run in runs[:2]] == [
        (0, 2000 + BRIDGED_S, 2000),
        (4600, 9000, 4400),
    ]
    assert [end_of(runs, run) for run in runs] == ["no_data", "posture_changed", ""]


def test_a_run_lasts_by_an_instant_only_what_it_had_lasted_by_then():
    runs = runs_of(bouts_between([0, 20_000, 21_000]))
    run = run_at(runs, 9000)

    assert (lasts(run, 9000, 9000), lasts(run, 8999, 9000)) == (True, False)
    assert run_at(runs, 21_000 + 3601) is None
