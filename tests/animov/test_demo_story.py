"""The demo's herd is not well, and the node finds that by itself: who is ill and who is silent, and nobody else.

A smaller herd and a shorter past than the demo's own, by the same path: messages by MQTT, sheets, looks, alerts.
"""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from animov import demo, story
from core.settings import Settings
from ingest.simulation.settings import Group

BEGIN = datetime(2026, 3, 10, 9, tzinfo=UTC)
GROUPS = (Group("dairy", 6, "leg", standing=-0.05), Group("yearlings", 3, "collar", standing=0.15))
OPEN = """SELECT coalesce(a.name, c.name) AS about, alert.kind, alert.since, alert.evidence ->> 'code' AS code
  FROM alert LEFT JOIN animal a ON a.id = alert.animal_id LEFT JOIN collar c ON c.id = alert.collar_id
  WHERE alert.state = 'open' AND alert.until IS NULL AND alert.series_id IS NULL"""


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """Alerts about animals and collars that go on when the demo's first page can be opened."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(story, "GROUPS", GROUPS)
        patch.setattr(story, "EMPTY", 7)
        patch.setattr(demo, "BACKFILL", timedelta(days=11))
        patch.setattr(demo, "HINDSIGHT", timedelta(hours=1))
        patch.setattr(demo, "SEAT", timedelta(minutes=40))
        folder = tmp_path_factory.mktemp("demo")
        settings = Settings(data_dir=folder, api_port=0, mqtt_port=0, log_level="ERROR")
        with (
            demo.living(settings, threading.Event(), lambda *_: None, begin=BEGIN) as living,
            living.engine.connect() as connection,
        ):
            yield connection.execute(text(OPEN)).all()


def test_the_ill_goat_stands_out_and_no_healthy_one_does(found):
    ill = f"goat-{story.ILL + 1:02}"
    of_animals = [one for one in found if one.about.startswith("goat-")]

    assert {one.about for one in of_animals} == {ill}
    assert {one.kind for one in of_animals} == {"lying_long"}
    assert all(BEGIN - timedelta(hours=50) < one.since < BEGIN for one in of_animals)


def test_the_collar_whose_battery_is_empty_is_silent_and_no_other(found):
    (silent,) = [one for one in found if one.kind == "collar_silent"]

    assert silent.about == "collar-08"
    assert abs(silent.since - (BEGIN - story.EMPTY_BEFORE)) < timedelta(minutes=1)
