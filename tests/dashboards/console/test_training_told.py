"""What the page of models says of a training before it is asked for, and of one that came to nothing."""

import pytest
from sqlalchemy import text

from bench.waiting import wait_until
from core.timeline import bucket_start
from storage.herds import herd
from storage.herds.herd import During

MODELS = "dashboards.console.working.models"


@pytest.fixture(scope="module")
def short(engine, barn, now):
    """Number of a group of one animal that has been heard for a day."""
    last = int(now.timestamp()) // 900
    with engine.begin() as connection:
        group = herd.ensure_group(connection, barn["farm"], "taries")
        animal = herd.ensure_animal(connection, barn["farm"], "Rousse")
        herd.move(connection, animal, group, During())
        rows = [{"animal": animal, "bucket": bucket_start(bucket)} for bucket in range(last - 96, last)]
        statement = """INSERT INTO stored_window VALUES (:animal, :bucket, 900, 900, 450, 0.5,
            repeat('0', 900)::bit(900), repeat('0', 900)::bit(900))"""
        connection.execute(text(statement), rows)
    return group


@pytest.mark.parametrize(
    ("days", "language", "told"),
    [
        (21, "fr", "Sera entraîné : **Lot laitières**, du 06/06/2026 14:00 au 15/06/2026 13:45, 852 valeurs connues"),
        (3, "fr", "Sera entraîné : **Lot laitières**, du 10/06/2026 14:00 au 15/06/2026 13:45, 468 valeurs connues"),
        (3, "en", "Will be trained: **Group laitières**, from 10/06/2026 14:00 to 15/06/2026 13:45, 468 known values"),
    ],
)
def test_what_will_be_trained_is_said_right_at_the_button(drawn, barn, days, language, told):
    entered = {"group.barn": barn["laitières"], "days": days, "language": language}
    page = drawn(MODELS, entered=entered)
    assert any(one.value.startswith(told) for one in page.markdown)
    assert not page.button[0].disabled


@pytest.mark.parametrize(
    ("language", "told"), [("fr", "Lot vides : aucune valeur n'est connue"), ("en", "Group vides: not one value is")]
)
def test_a_group_of_which_nothing_is_known_can_not_be_trained(drawn, engine, barn, language, told):
    with engine.begin() as connection:
        empty = herd.ensure_group(connection, barn["farm"], "vides")
    page = drawn(MODELS, entered={"group.barn": empty, "language": language})
    assert page.button[0].disabled
    assert page.warning[0].value.startswith(told)


@pytest.mark.parametrize(
    ("language", "told"),
    [("fr", "il ne reste rien pour apprendre"), ("en", "that leaves nothing to train on")],
)
def test_a_training_that_failed_at_once_is_told_with_what_to_do(drawn, api_as, worker, short, language, told):
    page = drawn(MODELS, entered={"group.barn": short, "language": language})
    page.button[0].click().run()
    assert not page.exception
    api = api_as("marie")
    asked = api.get("/farms/{}/trainings", "barn")["items"][0]
    wait_until(lambda: api.get("/trainings/{}", asked["id"])["state"] == "failed")
    page.run()
    (error,) = [one.value.replace("\\", "") for one in page.error]
    assert error.startswith(f"Le n° {asked['id']} a échoué" if language == "fr" else f"No. {asked['id']} has failed")
    assert told in error
    assert ("période plus longue" if language == "fr" else "a longer period") in error
