from dataclasses import replace
from datetime import UTC, datetime, time
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.readings import Posture, Span
from ingest.simulation import truth as simulated
from ingest.simulation.environment import solar_elevation, temperature
from ingest.simulation.figures import figures
from ingest.simulation.herd import Herd
from ingest.simulation.settings import Group, HerdSettings, Illness, Routine, Weather
from ingest.simulation.truth import standing_seconds, truth

HERD = Herd(HerdSettings())
MINUTE = 60_000
DAY_S = 86_400
DST_NIGHT = 1_761_429_600_000  # 2025-10-26 00:00 in Paris
SUMMER, WINTER = 20_635, 20_454  # 2026-07-01 and 2026-01-01, days since 1970

instants = st.integers(0, 36 * 60).map(lambda minute: DST_NIGHT - 6 * 60 * MINUTE + minute * MINUTE) | st.integers(
    DST_NIGHT + 6 * 60 * MINUTE, DST_NIGHT + 6 * 60 * MINUTE + 3_000
)
animals = st.sampled_from(HERD.animals[::8])


def joined(spans: list[Span]) -> list[Span]:
    whole: list[Span] = []
    for span in spans:
        if whole and whole[-1].posture is span.posture and whole[-1].t1 == span.t0:
            span = Span(whole.pop().t0, span.t1, span.posture)  # noqa: PLW2901
        whole.append(span)
    return whole


@given(animal=animals, cuts=st.lists(instants, min_size=2, max_size=5, unique=True).map(sorted))
def test_the_truth_of_a_range_is_the_same_however_the_range_is_cut(animal, cuts):
    simulated._day.cache_clear()
    pieces = [span for start, end in pairwise(cuts) for span in truth(HERD, animal, start, end)]
    simulated._day.cache_clear()

    assert truth(HERD, animal, cuts[0], cuts[-1]) == joined(pieces)


@given(animal=animals, start=instants, end=instants)
def test_spans_cover_the_range_without_gap_and_change_posture_each_time(animal, start, end):
    spans = truth(HERD, animal, start, end)

    assert [start, *(span.t1 for span in spans)] == [*(span.t0 for span in spans), max(start, end)]
    assert all(before.posture is not after.posture for before, after in pairwise(spans))


@given(animal=animals, bucket=st.integers(0, 96))
def test_standing_seconds_of_a_quarter_of_an_hour_are_the_seconds_of_the_spans(animal, bucket):
    start = DST_NIGHT // 1000 + 900 * bucket
    spans = truth(HERD, animal, 1000 * start, 1000 * (start + 900))

    expected = sum(
        t0 <= 1000 * second < t1 and posture is Posture.STANDING
        for second in range(start, start + 900)
        for t0, t1, posture in spans
    )

    assert standing_seconds(HERD, animal, start, start + 900) == [expected]


@pytest.mark.parametrize(
    ("seed", "first_day"),
    [(1, SUMMER), (2, WINTER), (3, SUMMER + 80), (4, WINTER + 80)],
    ids=["summer", "winter", "autumn", "spring"],
)
def test_healthy_goats_meet_the_figures_of_the_literature(seed, first_day):
    found = figures(Herd(HerdSettings(seed=seed)), first_day, 28)

    assert 0.47 <= found.standing <= 0.56
    assert 10.6 <= found.lying_h <= 12.7
    assert 22 <= found.lying_bouts <= 33
    assert 22 <= found.bout_min <= 34
    assert 1.4 <= found.day_sd_h <= 2.2
    assert found.night < 0.38
    assert found.midday > 0.6
    assert 0.5 <= found.nearly_binary <= 0.8


@pytest.mark.parametrize("date", [datetime(2025, 10, 25, tzinfo=UTC), datetime(2025, 10, 27, tzinfo=UTC)])
def test_goats_stand_at_milking_by_the_farms_wall_clock_before_and_after_a_dst_change(date):
    herd = Herd(replace(HERD.settings, groups=(Group("all", 12, "leg"),)))
    milked = datetime.combine(date.date(), time(6, 45), ZoneInfo("Europe/Paris")).timestamp()

    for animal in herd.animals:
        assert standing_seconds(herd, animal, int(milked), int(milked) + 900) == [900]


def test_a_groups_standing_raises_its_share_and_another_seed_gives_another_herd():
    def share(standing, seed=1):
        herd = Herd(HerdSettings(seed=seed, groups=(Group("one", 6, "leg", standing),)))
        return figures(herd, SUMMER, 10).standing

    assert share(-1.0) + 0.1 < share(0.0) < share(1.0) - 0.1
    assert share(0.0) != share(0.0, seed=2)


def test_a_hot_week_brings_more_and_shorter_bouts():
    hot = Herd(replace(HERD.settings, weather=Weather(mean_c=26)))

    heat, mild = figures(hot, SUMMER, 10), figures(HERD, SUMMER, 10)

    assert heat.lying_bouts > mild.lying_bouts + 2
    assert heat.bout_min < mild.bout_min - 2


def test_another_first_routine_moves_the_day():
    early = Routine(time(4, 0), minutes=60)
    herd = Herd(replace(HERD.settings, routines=(early,), groups=(Group("all", 6, "leg"),)))
    roused = int(datetime(2026, 7, 1, 4, 15, tzinfo=ZoneInfo("Europe/Paris")).timestamp())

    assert all(standing_seconds(herd, animal, roused, roused + 900) == [900] for animal in herd.animals)


@pytest.mark.parametrize(
    ("instant", "expected"),
    [
        pytest.param(datetime(2026, 6, 21, 11, 50, tzinfo=UTC), 66.6, id="solstice-noon-at-latitude-46.8"),
        pytest.param(datetime(2026, 12, 21, 11, 50, tzinfo=UTC), 19.8, id="winter-noon"),
        pytest.param(datetime(2026, 3, 20, 6, 0, tzinfo=UTC), 0.0, id="equinox-sunrise"),
    ],
)
def test_the_sun_stands_where_the_almanac_says(instant, expected):
    longitude = 2.2 if expected else 1.9  # the equinox's equation of time is -7.5 min

    found = solar_elevation(np.array([instant.timestamp()]), 46.8, longitude)

    assert found[0] == pytest.approx(expected, abs=0.7)


def test_summer_days_are_warm_and_nights_are_cooler():
    hours = np.arange(0, 24 * 30) * 3600.0
    july, january = (temperature(HERD.settings, start * DAY_S + hours) for start in (SUMMER, WINTER))

    assert july.mean() > january.mean() + 10
    assert july.reshape(30, 24)[:, 14].mean() > july.reshape(30, 24)[:, 3].mean() + 6


@given(minute=st.integers(0, 3 * 1_440), hours=st.integers(1, 40))
def test_illness_changes_nothing_before_it_begins_and_of_nobody_else(minute, hours):
    start = DST_NIGHT + minute * MINUTE
    begun, over = (datetime.fromtimestamp(at / 1000, UTC) for at in (start, start + hours * 60 * MINUTE))
    ill = Herd(HerdSettings(illnesses=(Illness(3, begun, over),)))
    before, long_after = (start - 30 * 60 * MINUTE, start), (start + 80 * 60 * MINUTE, start + 90 * 60 * MINUTE)

    for span in (before, long_after):
        assert truth(ill, ill.animals[3], *span) == truth(HERD, HERD.animals[3], *span)
    assert truth(ill, ill.animals[4], before[0], long_after[1]) == truth(
        HERD, HERD.animals[4], before[0], long_after[1]
    )


def test_an_ill_goat_stands_much_less():
    day = 1000 * DAY_S
    begun = datetime.fromtimestamp(DST_NIGHT / 1000, UTC)
    ill = Herd(HerdSettings(illnesses=(Illness(3, begun, datetime(2026, 1, 1, tzinfo=UTC)),)))
    hours = [
        sum(standing_seconds(herd, herd.animals[3], DST_NIGHT // 1000, (DST_NIGHT + 20 * day) // 1000)) / 20 / 3600
        for herd in (HERD, ill)
    ]

    assert hours[0] > 10
    assert 3 < hours[1] < 7.5
