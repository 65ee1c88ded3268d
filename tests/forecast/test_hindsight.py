"""What is issued in hindsight is scored as what late data change is: it waits in a table, and a death loses nothing."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from core.timeline import BUCKET
from forecast.rolling import hindsight
from forecast.rolling.hindsight import issue_in_hindsight, slots_between
from forecast.rolling.judging import score_changes
from storage.herds import herd

SLOT = datetime(2026, 3, 20, 12, tzinfo=UTC)
ORIGINS = [SLOT - timedelta(hours=hours) for hours in (18, 6)]

_MEASURE = text("""
INSERT INTO stored_window (animal_id, bucket, received_s, known_s, standing_s, standing_ratio, standing, known)
SELECT :animal, m.bucket, 900, 900, m.standing, m.standing / 900.0, nothing, nothing
FROM unnest(CAST(:buckets AS timestamptz[]), CAST(:standing AS int[])) AS m (bucket, standing),
  (SELECT repeat('0', 900)::bit(900)) AS n (nothing)
""")


@pytest.fixture
def farm(engine):
    """A farm of one goat, measured for three days."""
    slots = slots_between(SLOT - timedelta(days=3), SLOT)
    with engine.begin() as connection:
        farm_id = herd.ensure_farm(connection, "barn")
        animal = herd.ensure_animal(connection, farm_id, "Brune")
        herd.assign(connection, herd._ensure(connection, "collar", farm_id, "tag"), animal)
        standing = [(37 * slot.hour + slot.minute) % 900 for slot in slots]
        connection.execute(_MEASURE, {"animal": animal, "buckets": slots, "standing": standing})
    return farm_id


def _scores(engine):
    with engine.connect() as connection:
        return connection.execute(text("SELECT * FROM score ORDER BY series_id, target, band, model")).all()


def _waiting(engine):
    with engine.connect() as connection:
        return connection.execute(text("SELECT bucket FROM unscored_bucket ORDER BY 1")).scalars().all()


def test_one_that_dies_before_it_scores_is_scored_by_whoever_scores_next(engine, farm, monkeypatch):
    def dies(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(hindsight, "score_changes", dies)
        with pytest.raises(KeyboardInterrupt):
            issue_in_hindsight(engine, farm, ORIGINS, history_days=3)
    assert _scores(engine) == []
    assert set(slots_between(ORIGINS[0], SLOT)) <= set(_waiting(engine))
    while score_changes(engine, farm, SLOT):
        pass
    scored = _scores(engine)

    assert {row.target for row in scored} == set(slots_between(ORIGINS[0], SLOT))
    assert min(_waiting(engine), default=SLOT) == SLOT
    assert issue_in_hindsight(engine, farm, ORIGINS, history_days=3) == len(ORIGINS)
    assert _scores(engine) == scored
    assert _waiting(engine) == []


def test_what_has_not_come_true_by_the_nodes_clock_waits(engine, farm):
    with engine.begin() as connection:
        connection.execute(text("UPDATE clock SET ceiling = :now"), {"now": (SLOT - BUCKET).timestamp()})
    issue_in_hindsight(engine, farm, ORIGINS, history_days=3)

    assert max(row.target for row in _scores(engine)) == SLOT - 2 * BUCKET
    assert _waiting(engine)[0] == SLOT - BUCKET
