"""What is said of groups elsewhere, as in Home Assistant, is what dashboards say of them."""

import pytest
from sqlalchemy import text

from storage.alerting.going_on import going_on
from storage.engine.database import engine_for
from storage.forecasting.groups_now import groups_now


@pytest.fixture(scope="module")
def engine(herds_url):
    made = engine_for(herds_url)
    yield made
    made.dispose()


CHANGES = {
    "as it is": "",
    "an animal unknown": "UPDATE stored_window SET known_s = 300 WHERE animal_id % 3 = 0",
    "too few known": "DELETE FROM stored_window WHERE animal_id % 3 > 0",
    "nothing watched": "DELETE FROM watched_window",
    "no forecast": "DELETE FROM watched_window; DELETE FROM forecast",
    "nothing heard for long": "DELETE FROM watched_window; DELETE FROM stored_window",
    "no members": "DELETE FROM membership",
    "no collars": "DELETE FROM assignment",
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_groups_are_as_on_dashboards(change, engine, farms):
    """The functions of panels ask for a login; the same is seen by their owner within it."""
    with engine.connect() as connection:
        if change:
            connection.execute(text(change))
        farm = connection.execute(text("SELECT id FROM farm WHERE name = :name"), {"name": farms[0]}).scalar_one()
        ours = groups_now(connection, farm)
        connection.execute(text(AS_READER))
        theirs = connection.execute(text(THEIRS), {"farm": farm}).all()

    assert [(one.id, one.name, one.window, one.ratio, one.known, one.animals, one.mean) for one in ours] == [
        tuple(row) for row in theirs
    ]
    for one in ours:
        assert (one.mean is None) == (one.low is None) == (one.high is None)


AS_READER = """
CREATE OR REPLACE FUNCTION animov_reader_farms() RETURNS int[] LANGUAGE sql AS $$ SELECT array_agg(id) FROM farm $$
"""
THEIRS = """
SELECT group_id, "group", at, ratio, known, animals, expected FROM panel.groups_now(:farm) ORDER BY group_id
"""


def test_the_band_is_that_of_the_forecast_that_the_window_is_held_to(engine, farms):
    with engine.connect() as connection:
        farm = connection.execute(text("SELECT id FROM farm WHERE name = :name"), {"name": farms[0]}).scalar_one()
        connection.execute(
            text("""UPDATE forecast f SET lower80[97] = 0.125, upper80[97] = 0.875 FROM watched_window w
            WHERE f.series_id = w.series_id AND f.issued_at = w.issued_at""")
        )
        (group,) = groups_now(connection, farm)

    assert (group.low, group.high) == (0.125, 0.875)


FARM_WIDE_AND_OVER = """
INSERT INTO alert (farm_id, kind, since, opened_at, last_evidence_at, severity, evidence, expected)
  SELECT farm_id, 'lag', since, opened_at, last_evidence_at, 'info', '{}', '{}' FROM alert WHERE kind = 'deviation';
INSERT INTO alert (farm_id, kind, since, opened_at, last_evidence_at, until, ended_by, severity, evidence, expected,
    judgement, note)
  SELECT farm_id, 'restless', since, opened_at, last_evidence_at, opened_at, 'inside', 'info', '{}', '{}',
    'confirmed', 'x' FROM alert WHERE kind = 'deviation'
"""


def test_alerts_that_go_on_are_those_of_dashboards(engine, farms):
    with engine.connect() as connection:
        connection.execute(text(FARM_WIDE_AND_OVER))
        farm, group = connection.execute(
            text("SELECT f.id, g.id FROM farm f JOIN animal_group g ON g.farm_id = f.id WHERE f.name = :name"),
            {"name": farms[0]},
        ).one()
        ours = going_on(connection, farm)
        connection.execute(text(AS_READER))
        theirs = connection.execute(
            text(
                "SELECT kind, about, name, since, severity, state, evidence, expected FROM panel.alerts(ARRAY[:farm])"
            ),
            {"farm": farm},
        ).all()

    assert [(*one[:3], one.since, *one[6:]) for one in ours] == [tuple(row) for row in theirs]
    assert {one.kind: one.group_id for one in ours} == {"motionless": group, "deviation": group, "lag": None}
