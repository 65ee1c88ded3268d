"""Champion and challenger: one of each, every change on record, the way back as long as the way there."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from core.errors import ConflictError
from storage.engine.database import scoped_to
from storage.herds import herd
from storage.measurements import series
from storage.modelling import aliases, models, trainings
from storage.modelling.aliases import Change
from storage.modelling.models import Subject

NOW = datetime(2026, 5, 1, tzinfo=UTC)


@pytest.fixture
def subject(engine):
    """The herd of a farm."""
    with engine.begin() as connection:
        farm = herd.ensure_farm(connection, "barn")
        return Subject(farm, series.ensure_series(connection, farm)[0].id)


def made(connection, subject, letter):
    """Return the model of a subject with a specification of one letter."""
    asked = trainings.ask(connection, "train", subject, {"specification": letter}, requested_by="test", at=NOW)
    return models.ensure_model(
        connection, subject, specification=f'"{letter}"', digest=letter, parameters={"ar.L1": 0.5},
        training_id=asked, now=NOW,
    )  # fmt: skip


def test_a_refit_of_the_same_is_no_new_model(engine, subject):
    with engine.begin() as connection:
        first, again, other = (made(connection, subject, letter) for letter in "aab")
        listed = models.models_of(connection, subject.farm_id)

    assert (again, other != first) == (first, True)
    assert [model.id for model in listed] == [other, first]
    assert listed[1].parameters == {"ar.L1": 0.5}


def test_who_becomes_champion_is_challenger_no_longer_and_forecasts(engine, subject):
    with engine.begin() as connection:
        new = made(connection, subject, "a")
        aliases.point(connection, subject, "challenger", new, why="trained", at=NOW)
        before = models.champions(connection, subject.farm_id)
        aliases.point(connection, subject, "champion", new, why="won", at=NOW, evidence={"p_value": 0.01})
        model = models.find_model(connection, new)
        changes = aliases.changes_of(connection, subject)

    assert before == {}
    assert model.aliases == ["champion"]
    with engine.connect() as connection:
        assert models.champions(connection, subject.farm_id) == {subject.series_id: '"a"'}
    assert changes == [
        Change(NOW, "challenger", None, new, "trained", {}),
        Change(NOW, "champion", None, new, "won", {"p_value": 0.01}),
        Change(NOW, "challenger", new, None, "won", {}),
    ]


def test_what_changes_nothing_is_not_on_record(engine, subject):
    with engine.begin() as connection:
        new = made(connection, subject, "a")
        for _ in range(2):
            aliases.point(connection, subject, "champion", new, why="order", at=NOW)
        assert len(aliases.changes_of(connection, subject)) == 1


@given(st.lists(st.sampled_from("abcr"), max_size=8))
def test_rolling_back_undoes_promotions_one_by_one(deeds):
    """The oracle is a stack: a promotion of somebody else pushes, a rollback pops, the default lies at the bottom."""
    stack, changes = [None], []
    for deed in deeds:
        before = stack[-1]
        if deed == "r" and len(stack) > 1:
            stack.pop()
            changes.append(Change(NOW, "champion", before, stack[-1], "rollback", {}))
        elif deed not in {"r", before}:
            stack.append(deed)
            changes.append(Change(NOW, "champion", before, deed, "won", {}))

    assert aliases.reigns(changes) == stack


def test_rollback_returns_to_the_champion_before_and_ends_at_the_default(engine, subject):
    with engine.begin() as connection:
        first, second = made(connection, subject, "a"), made(connection, subject, "b")
        for step, model in enumerate((first, second)):
            aliases.point(connection, subject, "champion", model, why="order", at=NOW + timedelta(hours=step))
        back = [aliases.roll_back(connection, subject, at=NOW + timedelta(hours=2 + step)) for step in range(2)]
        champions = models.champions(connection, subject.farm_id)
        with pytest.raises(ConflictError, match="no other champion"):
            aliases.roll_back(connection, subject, at=NOW)

    assert (back, champions) == ([first, None], {})


def test_the_first_champion_of_a_file_has_no_default_behind_it(engine, subject):
    file = Subject(subject.farm_id, None, "ratios")
    with engine.begin() as connection:
        new = made(connection, file, "a")
        aliases.point(connection, file, "champion", new, why="first", at=NOW)
        with pytest.raises(ConflictError, match="no other champion"):
            aliases.roll_back(connection, file, at=NOW)


def test_every_change_is_put_down_for_the_registry_in_its_own_transaction(engine, subject):
    with engine.begin() as connection:
        new = made(connection, subject, "a")
    with engine.connect() as connection:
        aliases.point(connection, subject, "champion", new, why="order", at=NOW)
        connection.rollback()
    with engine.begin() as connection:
        assert aliases.changes_of(connection, subject) == []
        aliases.point(connection, subject, "champion", new, why="order", at=NOW)
        waiting = connection.execute(text("SELECT kind, farm_id, payload FROM tracking")).all()

    assert [(row.kind, row.farm_id, list(row.payload)) for row in waiting] == [("alias", subject.farm_id, ["change"])]


def test_another_farm_sees_nothing_of_it(engine, subject):
    with engine.begin() as connection:
        new = made(connection, subject, "a")
        aliases.point(connection, subject, "champion", new, why="order", at=NOW)
        other = herd.ensure_farm(connection, "other")
        trainings.keep(connection, models.find_model(connection, new).training_id, "train.csv", b"x")
    counts = {}
    for farm in (subject.farm_id, other):
        with scoped_to(engine, [farm]) as connection:
            connection.execute(text("SET LOCAL ROLE animov_api"))
            tables = ("training", "training_artefact", "model", "model_alias", "model_change")
            counts[farm] = [connection.execute(text(f"SELECT count(*) FROM {name}")).scalar() for name in tables]

    assert counts == {subject.farm_id: [1] * 5, other: [0] * 5}


def test_the_api_reads_nothing_of_what_waits_for_the_registry(engine, subject):
    with scoped_to(engine, [subject.farm_id]) as connection:
        connection.execute(text("SET LOCAL ROLE animov_api"))
        with pytest.raises(ProgrammingError, match="permission denied"), connection.begin_nested():
            connection.execute(text("SELECT payload FROM tracking"))
