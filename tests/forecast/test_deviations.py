"""Deviations on a real database: raised at k of n, over by themselves, the same however often and in what order."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from core.timeline import BUCKET
from forecast.watching.deviations import watch
from forecast.watching.episodes import CALM, SILENCE
from storage.alerting import alerts
from storage.engine.database import scoped_to
from storage.forecasting import issuing
from storage.forecasting.forecasts import Issued
from storage.herds import farms, herd
from storage.measurements import series

NOON = datetime(2026, 3, 18, 12, tzinfo=UTC)
BEGIN = datetime(2026, 3, 8, tzinfo=UTC)
END = datetime(2026, 3, 22, tzinfo=UTC)
GOATS = 4


def issued(series_id, at):
    """A forecast of 0.5, give or take 0.2."""
    steps = {name: [level] * 192 for name, level in (("mean", 0.5), ("lower95", 0.3), ("upper95", 0.7))}
    steps |= {"lower80": steps["lower95"], "upper80": steps["upper95"]}
    baselines = {name: [] for name in ("persistence", "constant_mean", "seasonal_naive", "mean_profile")}
    return Issued(series_id, at, False, "m", "", "{}", b"", **steps, **baselines)


def measure(engine, start, end, ratio, *, goats=GOATS):
    """Let some of the goats stand so much in the windows of a span."""
    with engine.begin() as connection:
        connection.execute(
            text(
                """INSERT INTO stored_window SELECT a.id, bucket, 900, 900, :standing, :ratio,
                  repeat('0', 900)::bit(900), repeat('0', 900)::bit(900)
                FROM (SELECT id FROM animal ORDER BY id LIMIT :goats) a,
                  generate_series(:start, :end - interval '15 min', interval '15 min') AS s (bucket)
                ON CONFLICT (animal_id, bucket) DO UPDATE SET standing_s = excluded.standing_s"""
            ),
            {"start": start, "end": end, "standing": round(900 * ratio), "ratio": ratio, "goats": goats},
        )


@pytest.fixture
def farm(engine):
    """A farm of one group of four goats that stood as expected until noon."""
    with engine.begin() as connection:
        farm_id = herd.ensure_farm(connection, "barn")
        for number in range(GOATS):
            animal = herd.ensure_animal(connection, farm_id, f"goat-{number}")
            herd.assign(connection, herd._ensure(connection, "collar", farm_id, f"tag-{number}"), animal)
            herd.move(connection, animal, herd.ensure_group(connection, farm_id, "dairy"))
        days = [BEGIN + timedelta(days=day) for day in range(-1, (END - BEGIN).days)]
        for one in series.ensure_series(connection, farm_id):
            issuing.issue(connection, [issued(one.id, day) for day in days])
    measure(engine, BEGIN, NOON, 0.5)
    return farm_id


def look(engine, farm, slot, **options):
    """One cycle's look."""
    with scoped_to(engine, [farm]) as connection:
        watch(connection, farms.farm(connection, farm), series.series_of(connection, farm), slot, **options)


def seen(engine, farm):
    """All alerts, the first first."""
    with scoped_to(engine, [farm]) as connection:
        return alerts.alerts(connection, farm, limit=100)[::-1]


def rows(engine):
    """What of the alerts follows from the data."""
    query = """SELECT series_id, since, opened_at, last_evidence_at, until, ended_by, severity, evidence, expected,
      causes, state FROM alert ORDER BY series_id, since"""
    with engine.connect() as connection:
        return connection.execute(text(query)).all()


def needed(engine, farm):
    """How many windows the rule of the day wants."""
    look(engine, farm, NOON)
    with engine.connect() as connection:
        return connection.execute(
            text("SELECT max(needed) FROM watch_rule WHERE day = :day"), {"day": day_of(NOON)}
        ).scalar()


def day_of(instant):
    return instant.replace(hour=0, minute=0)


@pytest.mark.parametrize(("ratio", "direction"), [(0.9, "more"), (0.1, "less")])
def test_an_alert_is_raised_once_at_k_windows_and_not_at_one_less(engine, farm, ratio, direction):
    k = needed(engine, farm)
    measure(engine, NOON, NOON + (k + 2) * BUCKET, ratio)
    raised = []
    for windows in range(k + 3):
        look(engine, farm, NOON + windows * BUCKET)
        raised.append(len(seen(engine, farm)))
    found = {alert.about: alert for alert in seen(engine, farm)}

    assert raised == [0] * k + [2] * 3
    group = found["group"]
    assert found.keys() == {"group", "herd"}
    assert (group.about_name, group.kind, group.state) == ("dairy", "deviation", "open")
    assert (group.since, group.opened_at, group.until) == (NOON, NOON + k * BUCKET, None)
    assert group.last_evidence_at == NOON + (k + 2) * BUCKET
    assert (group.evidence["direction"], group.evidence["outside"], group.evidence["needed"]) == (direction, k, k)
    assert (group.evidence["observed"], group.expected["mean"]) == pytest.approx((ratio, 0.5), abs=1e-3)
    assert [quarter["ratio"] for quarter in group.evidence["quarters"]] == pytest.approx([ratio] * k, abs=1e-3)
    assert group.severity == "warning"
    assert group.causes == []


def test_a_farm_of_many_series_wants_more_windows(engine, farm):
    few = needed(engine, farm)
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE watch_rule"))
        for number in range(200):
            animal = herd.ensure_animal(connection, farm, f"other-{number}")
            connection.execute(
                text("INSERT INTO series (farm_id, animal_id) VALUES (:farm, :animal)"),
                {"farm": farm, "animal": animal},
            )

    assert needed(engine, farm) > few


def raise_alert(engine, farm):
    """Stand too much from noon on, for as long as it takes; return the slot at which it is raised."""
    opened = NOON + needed(engine, farm) * BUCKET
    measure(engine, NOON, opened, 0.9)
    look(engine, farm, opened)
    return opened


def test_it_is_over_after_an_hour_inside(engine, farm):
    opened = raise_alert(engine, farm)
    measure(engine, opened, opened + CALM * BUCKET, 0.5)
    states = []
    for windows in range(CALM + 1):
        look(engine, farm, opened + windows * BUCKET)
        states.append({alert.state for alert in seen(engine, farm)})

    assert states == [{"open"}] * CALM + [{"closed"}]
    alert = seen(engine, farm)[0]
    assert (alert.until, alert.ended_by) == (opened + CALM * BUCKET, "inside")
    with scoped_to(engine, [farm]) as connection:
        changes = alerts.changes_of(connection, alert.id)
    assert [(change.state, change.note) for change in changes] == [("open", ""), ("closed", "inside")]


def test_it_is_over_when_nothing_is_known_for_long(engine, farm):
    opened = raise_alert(engine, farm)
    look(engine, farm, opened + (SILENCE - 1) * BUCKET)
    assert {alert.state for alert in seen(engine, farm)} == {"open"}
    look(engine, farm, opened + SILENCE * BUCKET)

    assert {alert.ended_by for alert in seen(engine, farm)} == {"no_data"}


def test_late_data_that_undo_the_evidence_end_it(engine, farm):
    opened = raise_alert(engine, farm)
    measure(engine, NOON + BUCKET, opened, 0.6)
    look(engine, farm, opened)

    assert {(alert.state, alert.ended_by, alert.until) for alert in seen(engine, farm)} == {
        ("closed", "undone", opened)
    }


def test_what_the_change_feed_tells_is_read_again_and_nothing_else(engine, farm):
    opened = raise_alert(engine, farm)
    measure(engine, NOON, opened, 0.5)
    look(engine, farm, opened, changed=[])
    assert {alert.state for alert in seen(engine, farm)} == {"open"}
    look(engine, farm, opened, changed=[NOON, NOON + BUCKET, NOON - timedelta(days=30), opened + BUCKET])

    assert {alert.ended_by for alert in seen(engine, farm)} == {"undone"}


def test_late_data_of_an_alert_that_goes_on_for_days_count(engine, farm):
    raise_alert(engine, farm)
    later = NOON + timedelta(days=3)
    measure(engine, NOON, later, 0.9)
    for day in range(1, 4):
        look(engine, farm, NOON + timedelta(days=day))
    assert {(alert.state, alert.since) for alert in seen(engine, farm)} == {("open", NOON)}
    measure(engine, NOON, later, 0.5)
    look(engine, farm, later)

    assert {alert.ended_by for alert in seen(engine, farm)} == {"undone"}


def test_late_data_that_continue_it_open_it_again(engine, farm):
    opened = raise_alert(engine, farm)
    over = opened + CALM * BUCKET
    measure(engine, opened, over, 0.5)
    look(engine, farm, over)
    measure(engine, opened, over, 0.9)
    look(engine, farm, over)

    assert [(alert.state, alert.since) for alert in seen(engine, farm)] == [("open", NOON)] * 2


def judge(engine, farm, judgement, note):
    with scoped_to(engine, [farm]) as connection:
        for alert in alerts.alerts(connection, farm, limit=10):
            alerts.judge(connection, alert.id, judgement, by="ada", at=NOON, note=note)


def test_what_was_dismissed_stays_so_and_only_another_episode_is_news(engine, farm):
    opened = raise_alert(engine, farm)
    judge(engine, farm, "dismissed", "visitors")
    again = opened + 8 * BUCKET
    measure(engine, opened, again, 0.9)
    look(engine, farm, again)
    assert [alert.state for alert in seen(engine, farm)] == ["dismissed"] * 2
    measure(engine, again, again + CALM * BUCKET, 0.5)
    look(engine, farm, again + CALM * BUCKET)
    ended = seen(engine, farm)
    last = again + 24 * BUCKET
    measure(engine, again + CALM * BUCKET, last, 0.9)
    look(engine, farm, last)

    assert [(alert.state, alert.until) for alert in ended] == [("dismissed", again + CALM * BUCKET)] * 2
    assert [alert.state for alert in seen(engine, farm)] == ["dismissed"] * 2 + ["open"] * 2


def test_workers_that_look_at_once_raise_one(engine, farm):
    opened = NOON + needed(engine, farm) * BUCKET
    measure(engine, NOON, opened + 8 * BUCKET, 0.9)
    slots = [opened + windows * BUCKET for windows in (0, 8, 4, 8, 2, 0, 6, 8)]
    with ThreadPoolExecutor(4) as workers:
        list(workers.map(lambda slot: look(engine, farm, slot), slots))

    assert [alert.state for alert in seen(engine, farm)] == ["open"] * 2


def test_most_of_a_herd_that_is_silent_is_no_deviation(engine, farm):
    """One of four is heard, and stands all the time: less than half is known, so nothing is."""
    k = needed(engine, farm)
    measure(engine, NOON, NOON + 2 * k * BUCKET, 1.0, goats=1)
    look(engine, farm, NOON + 2 * k * BUCKET)

    assert seen(engine, farm) == []


def test_where_half_of_a_herd_is_silent_that_is_the_first_cause(engine, farm):
    opened = NOON + needed(engine, farm) * BUCKET
    measure(engine, NOON, opened, 1.0, goats=2)
    look(engine, farm, opened)

    for alert in seen(engine, farm):
        assert alert.severity == "info"
        assert alert.causes[0] == {"code": "coverage_dropped", "weight": 1.0, "now": 0.5, "usual": 1.0}


LEVELS = {"o": 0.9, "u": 0.1, ".": 0.5}


@given(
    spans=st.lists(st.tuples(st.sampled_from("ou.?"), st.integers(2, 10)), min_size=1, max_size=6),
    order=st.lists(st.integers(0, 60), max_size=3),
)
@settings(max_examples=6, phases=[Phase.explicit, Phase.generate])
@example(spans=[("o", 8), (".", 5), ("u", 9), (".", 1)], order=[23, 6, 14])
def test_any_order_and_repetition_of_looks_ends_in_the_same_alerts(engine, farm, spans, order):
    """Slots of one day over the same data: against looking at them in their turn."""
    forget(engine)
    at = NOON
    for sign, count in spans:
        if sign in LEVELS:
            measure(engine, at, at + count * BUCKET, LEVELS[sign])
        at += count * BUCKET
    windows = (at - NOON) // BUCKET
    for number in (*range(4, windows, 4), windows):
        look(engine, farm, NOON + number * BUCKET)
    in_turn = rows(engine)
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE alert, alert_change, watched_window, watch_rule CASCADE"))
    for number in (*order, windows, *order):
        look(engine, farm, NOON + min(number, windows) * BUCKET)

    assert rows(engine) == in_turn


def forget(engine):
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE alert, alert_change, watched_window, watch_rule CASCADE"))
        connection.execute(text("DELETE FROM posture_window WHERE bucket >= :noon"), {"noon": NOON})
