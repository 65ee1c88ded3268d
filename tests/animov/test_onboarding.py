"""A collar keeps what nobody says anew."""

import pytest
from sqlalchemy import text

from animov.onboarding import Said, Wearer, onboard
from core.errors import ConflictError, NameRefusedError
from core.readings import CollarName
from core.settings import Settings
from storage.herds import herd
from storage.herds.calibrations import Reading

TAG = CollarName("barn", "tag")


def take(engine, said, *, animal=None, password=False, device=None):
    return onboard(engine, Settings(), TAG, said, Wearer(animal), with_password=password, device=device)


def test_a_password_changes_nothing_of_how_a_collar_is_read(engine):
    first = take(engine, Said("leg", ("fwd", "-up", "right"), 30), animal="Brune")
    second = take(engine, Said(), password=True)

    assert first.reading == second.reading == Reading("leg", ("fwd", "-up", "right"), 30)
    assert (first.password, bool(second.password)) == (None, True)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM calibration")).scalar_one() == 1


def test_what_is_said_anew_is_changed_and_the_rest_stays(engine):
    take(engine, Said("leg", ("fwd", "-up", "right"), 30))

    assert take(engine, Said(hold_s=60)).reading == Reading("leg", ("fwd", "-up", "right"), 60)
    assert take(engine, Said("collar")).reading == Reading("collar", ("fwd", "-up", "right"), 60)


def test_a_collar_of_which_nobody_has_said_the_mount_is_received_only(engine):
    assert take(engine, Said(), animal="Brune").reading is None
    with pytest.raises(ConflictError, match="say its mount"):
        take(engine, Said(hold_s=60))


def test_the_same_said_twice_derives_nothing_again(engine):
    take(engine, Said("leg"), animal="Brune")
    with engine.connect() as connection:
        before = connection.execute(text("SELECT id, xmin FROM assignment")).all()
    take(engine, Said("leg"), animal="Brune")

    with engine.connect() as connection:
        assert connection.execute(text("SELECT id, xmin FROM assignment")).all() == before


@pytest.mark.parametrize("name", ["", "x" * 101, "a\nb", "a\x00b"])
def test_names_that_cannot_be_shown_are_refused(engine, name):
    with pytest.raises(NameRefusedError):
        take(engine, Said("leg"), animal=name)
    with pytest.raises(NameRefusedError), engine.begin() as connection:
        herd.ensure_farm(connection, name)
