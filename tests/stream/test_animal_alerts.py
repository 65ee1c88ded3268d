"""Alerts about animals on a real database: too little known, lying too long, not moving at all."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text

from core.alert_texts import CAUSES, ENDINGS, causes_told, evidence_told
from core.timeline import floor_slot
from storage.alerting import alerts
from storage.animals import behaviour
from storage.animals.behaviour import Sheet
from storage.engine.database import scoped_to
from storage.herds import herd
from storage.herds.herd import During
from stream.behaviour.alerting import Limits, watch

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
LIMITS = Limits(timedelta(minutes=30), 3.5)
HOUR = timedelta(hours=1)
BUCKET = timedelta(minutes=15)


class World:
    """A farm of four goats."""

    def __init__(self, engine):
        self.engine = engine
        with engine.begin() as connection:
            self.farm = herd.ensure_farm(connection, "barn")
            self.collars = [herd._ensure(connection, "collar", self.farm, f"tag-{n}") for n in range(4)]
            self.animals = [herd.ensure_animal(connection, self.farm, f"goat-{n}") for n in range(4)]
            for collar, animal in zip(self.collars, self.animals, strict=True):
                herd.assign(connection, collar, animal)

    def write(self, animals, start, end, standing="by turns", *, known=True):
        """Write the windows of a span: standing, lying, or by turns of half an hour; evidence that it was heard too."""
        with self.engine.begin() as connection:
            connection.execute(
                text(
                    """WITH written AS (
                      SELECT a.id, a.collar, b.bucket, CASE WHEN NOT :known THEN NULL WHEN :standing = 'by turns'
                        THEN (extract(epoch FROM b.bucket)::bigint / 1800) % 2 = 1
                        ELSE :standing = 'standing' END AS stands
                      FROM unnest(CAST(:animals AS int[]), CAST(:collars AS int[])) AS a (id, collar),
                        generate_series(:start, :end - interval '15 min', interval '15 min') AS b (bucket)
                    ), heard AS (
                      INSERT INTO stored_evidence SELECT collar, bucket, 5000, repeat('1', 900)::bit(900),
                        repeat('0', 900)::bit(900), repeat('0', 900)::bit(900) FROM written ON CONFLICT DO NOTHING)
                    INSERT INTO stored_window (animal_id, bucket, received_s, known_s, standing_s, standing, known)
                    SELECT id, bucket, 900, CASE WHEN stands IS NULL THEN 0 ELSE 900 END,
                      CASE WHEN stands THEN 900 ELSE 0 END,
                      repeat(CASE WHEN stands THEN '1' ELSE '0' END, 900)::bit(900),
                      repeat(CASE WHEN NOT stands THEN '1' ELSE '0' END, 900)::bit(900) FROM written
                    ON CONFLICT (animal_id, bucket) DO UPDATE SET known_s = excluded.known_s,
                      standing_s = excluded.standing_s, standing = excluded.standing, known = excluded.known"""
                ),
                {
                    "animals": animals,
                    "collars": [self.collars[self.animals.index(animal)] for animal in animals],
                    "start": start,
                    "end": end,
                    "standing": standing,
                    "known": known,
                },
            )

    def sheets(self, animal, days, longest_s):
        """Give an animal sheets of whole days, the longest lying of which is known."""
        for back in range(days):
            start = datetime(2026, 5, 1, tzinfo=UTC) - back * 24 * HOUR
            facts = (86_400, 86_400, 86_400, 86_400, 43_200, 43_200, 24, 24, 24, longest_s)
            sheet = Sheet(
                date(2026, 5, 1) - timedelta(days=back), start, *facts, 1800.0, 1.0, 0, None, None, start, False
            )
            with self.engine.begin() as connection:
                behaviour.replace_sheets(connection, [animal], [sheet.day], [(animal, sheet)])

    def look(self, slot):
        watch(self.engine, self.farm, slot, LIMITS)

    def look_through(self, start, end):
        while start <= end:
            self.look(start)
            start += BUCKET

    def found(self):
        with scoped_to(self.engine, [self.farm]) as connection:
            return alerts.alerts(connection, self.farm, limit=100)[::-1]

    def seen(self):
        """`(kind, about, opened_at, ended_by)` of each alert, the first first."""
        return [(one.kind, one.about_name, one.opened_at, one.ended_by) for one in self.found()]


@pytest.fixture
def world(engine):
    made = World(engine)
    made.write(made.animals, NOON - 30 * HOUR, NOON)
    return made


def test_lying_far_beyond_its_own_longest_is_told_until_it_rises(world):
    goat = world.animals[0]
    world.sheets(goat, 10, longest_s=4 * 3600)  # too long is 6 h
    world.write(world.animals, NOON, NOON + 9 * HOUR)
    world.write([goat], NOON, NOON + 8 * HOUR, "lying")
    world.write([goat], NOON + 8 * HOUR, NOON + 9 * HOUR, "standing")
    world.look_through(NOON + 4 * HOUR, NOON + 9 * HOUR)
    (one,) = world.found()

    assert (one.kind, one.about_name, one.severity, one.ended_by) == (
        "lying_long",
        "goat-0",
        "warning",
        "posture_changed",
    )
    assert NOON + 5.5 * HOUR <= one.opened_at <= NOON + 6 * HOUR
    assert one.until == NOON + 8 * HOUR


def test_without_days_of_its_own_an_animal_may_lie_twice_as_long_as_its_species_does(world):
    world.write(world.animals[1:], NOON, NOON + 11 * HOUR)
    world.write(world.animals[:1], NOON, NOON + 11 * HOUR, "lying")
    world.look_through(NOON + 8 * HOUR, NOON + 11 * HOUR)
    (one,) = world.found()

    assert (one.kind, one.since + 10 * HOUR) == ("lying_long", one.opened_at)


@pytest.mark.parametrize(("posture", "cause"), [("lying", "animal_down"), ("standing", "collar_fallen")])
def test_half_a_day_in_one_posture_is_urgent_and_takes_the_place_of_lying_long(world, posture, cause):
    world.write(world.animals[1:], NOON, NOON + 20 * HOUR)
    world.write(world.animals[:1], NOON, NOON + 20 * HOUR, posture)
    world.look_through(NOON + 9 * HOUR, NOON + 20 * HOUR)
    *before, last = world.found()

    assert (last.kind, last.severity, last.until, last.causes[0]["code"]) == ("motionless", "critical", None, cause)
    assert last.since + 12 * HOUR == last.opened_at
    assert [(one.kind, one.ended_by) for one in before] == [("lying_long", "motionless")] * (posture == "lying")


def test_what_comes_late_undoes_an_alert_about_an_animal(world):
    goat = world.animals[0]
    world.write(world.animals[1:], NOON, NOON + 14 * HOUR)
    world.write([goat], NOON, NOON + 14 * HOUR, "lying")
    world.look(NOON + 13 * HOUR)
    world.write([goat], NOON + 5 * HOUR, NOON + 6 * HOUR, "standing")
    world.look(NOON + 14 * HOUR)

    assert world.seen()[0] == ("motionless", "goat-0", NOON + 13 * HOUR, "undone")


def test_nothing_is_said_of_postures_that_are_not_known_any_longer(world):
    world.write(world.animals[1:], NOON, NOON + 40 * HOUR)
    world.write(world.animals[:1], NOON, NOON + 13 * HOUR, "lying")
    for hours in (12, 14, 30, 38):
        world.look(NOON + hours * HOUR)
    motionless = [one for one in world.seen() if one[0] == "motionless"]

    assert motionless == [("motionless", "goat-0", NOON + 12 * HOUR, "no_data")]


def test_an_animal_of_which_messages_come_and_nothing_is_known_is_told_with_the_reason(world):
    goat = world.animals[0]
    world.write(world.animals[1:], NOON, NOON + 40 * HOUR)
    world.write([goat], NOON, NOON + 20 * HOUR, known=False)
    world.look_through(NOON, NOON + 20 * HOUR)
    (one,) = world.found()

    assert (one.kind, one.about_name, one.severity, one.until) == ("coverage", "goat-0", "info", None)
    assert NOON + 12 * HOUR <= one.opened_at <= NOON + 12.25 * HOUR
    assert [cause["code"] for cause in one.causes] == ["mount_unknown"]

    world.write([goat], NOON + 20 * HOUR, NOON + 40 * HOUR)
    world.look_through(NOON + 32 * HOUR, NOON + 40 * HOUR)

    assert [each[3] for each in world.seen()] == ["covered"]


def test_postures_that_are_read_later_undo_an_alert_about_coverage(world):
    world.write(world.animals[1:], NOON, NOON + 14 * HOUR)
    world.write(world.animals[:1], NOON, NOON + 14 * HOUR, known=False)
    world.look(NOON + 13 * HOUR)
    world.write(world.animals[:1], NOON, NOON + 14 * HOUR)
    world.look(NOON + 14 * HOUR)

    assert [one[3] for one in world.seen()] == ["undone"]


def test_a_farm_of_which_nothing_is_known_is_told_once(world):
    world.write(world.animals, NOON, NOON + 14 * HOUR, known=False)
    world.look_through(NOON + 11 * HOUR, NOON + 14 * HOUR)

    assert [one[:2] for one in world.seen()] == [("coverage", "barn")]


def test_taking_off_its_collar_ends_what_is_said_of_an_animal(world):
    world.write(world.animals[1:], NOON, NOON + 15 * HOUR)
    world.write(world.animals[:1], NOON, NOON + 14 * HOUR, "lying")
    world.look(NOON + 13 * HOUR)
    with world.engine.begin() as connection:
        herd.unassign(connection, world.collars[0], During(NOON + 14 * HOUR))
    world.look(NOON + 15 * HOUR)

    assert world.seen() == [("motionless", "goat-0", NOON + 13 * HOUR, "not_worn")]


def test_a_second_look_at_animals_changes_nothing_and_all_is_told_in_words(world):
    def kept():
        with world.engine.connect() as connection:
            return [connection.execute(text(f"TABLE {name}")).all() for name in ("alert", "alert_change")]

    world.write(world.animals[2:], NOON, NOON + 16 * HOUR)
    world.write(world.animals[:1], NOON, NOON + 13 * HOUR, "lying")
    world.write(world.animals[1:2], NOON, NOON + 13 * HOUR, known=False)
    for hours in (11, 13, 16):
        world.look(NOON + hours * HOUR)
        before = kept()
        world.look(NOON + hours * HOUR)
        assert kept() == before
    found = world.found()
    assert {one.kind for one in found} == {"lying_long", "motionless", "coverage", "collar_silent"}
    for one in found:
        for language in ("en", "fr"):
            assert "{" not in evidence_told(one.kind, one.evidence, one.expected, language)
            assert len(causes_told(one.causes, language)) >= 1
        assert not one.ended_by or one.ended_by in ENDINGS
        assert all(cause["code"] in CAUSES for cause in one.causes)


def move(world, animal, start, end, *, still):
    """Let a collar tell every five minutes how it moved, and that its posture is not known."""
    world.write([animal], floor_slot(start), end, known=False)
    with world.engine.begin() as connection:
        connection.execute(
            text(
                """INSERT INTO motion SELECT :collar, at, 0, 30, 0, 0, 0, 0, :still, 0, 0, 0, 0, 0
                FROM generate_series(:start, :end - interval '5 min', interval '5 min') AS s (at)"""
            ),
            {"collar": world.collars[world.animals.index(animal)], "start": start, "end": end, "still": still},
        )


def test_a_collar_that_does_not_move_at_all_is_told_until_it_moves(world):
    goat = world.animals[0]
    world.write(world.animals[1:], NOON, NOON + 6 * HOUR)
    move(world, goat, NOON - HOUR, NOON, still=15)
    move(world, goat, NOON, NOON + 5 * HOUR, still=30)
    move(world, goat, NOON + 5 * HOUR, NOON + 6 * HOUR, still=10)
    world.look_through(NOON, NOON + 6 * HOUR)
    (one,) = world.found()

    assert (one.kind, one.opened_at, one.ended_by) == ("motionless", NOON + 3 * HOUR, "moves")
    assert [cause["code"] for cause in one.causes] == ["collar_fallen", "animal_dead"]
    assert "depuis 3 h :" in evidence_told(one.kind, one.evidence, one.expected, "fr")


def test_movements_that_are_told_late_undo_that_there_were_none(world):
    goat = world.animals[0]
    world.write(world.animals[1:], NOON, NOON + 4 * HOUR)
    move(world, goat, NOON, NOON + 3 * HOUR, still=30)
    world.look(NOON + 3 * HOUR)
    world.look(NOON + 3 * HOUR)
    move(world, goat, NOON + 3 * HOUR, NOON + 4 * HOUR, still=30)
    move(world, goat, NOON + timedelta(minutes=1), NOON + 2 * HOUR, still=0)
    world.look(NOON + 4 * HOUR)

    assert world.seen() == [("motionless", "goat-0", NOON + 3 * HOUR, "undone")]


def usual(world):
    """Give all animals a fortnight of days that are as those of the farm are now."""
    for animal in world.animals:
        world.sheets(animal, 14, longest_s=3600)


def stir(world, animal, start, end):
    """Let an animal stand for five minutes in each quarter of an hour, and lie for the rest."""
    world.write([animal], start, end, "lying")
    with world.engine.begin() as connection:
        connection.execute(
            text(
                """UPDATE stored_window SET
                  standing = (repeat('0', 300) || repeat('1', 300) || repeat('0', 300))::bit(900),
                  known = (repeat('1', 300) || repeat('0', 300) || repeat('1', 300))::bit(900), standing_s = 300
                WHERE animal_id = :animal AND bucket >= :start AND bucket < :end"""
            ),
            {"animal": animal, "start": start, "end": end},
        )


def test_many_short_bouts_against_its_habit_are_restless_until_all_is_usual_again(world):
    goat = world.animals[0]
    usual(world)
    world.write(world.animals[1:], NOON, NOON + 80 * HOUR)
    stir(world, goat, NOON, NOON + 24 * HOUR)
    world.write([goat], NOON + 24 * HOUR, NOON + 80 * HOUR)
    for hour in range(81):
        world.look(NOON + hour * HOUR)
    (one,) = world.found()

    assert (one.kind, one.about_name, one.severity, one.ended_by) == ("restless", "goat-0", "warning", "usual_again")
    assert NOON < one.opened_at <= NOON + 18 * HOUR
    assert one.last_evidence_at + 12 * HOUR <= one.until <= NOON + 64 * HOUR
    assert one.evidence["bouts"] > one.expected["bouts_high"]
    assert evidence_told(one.kind, one.evidence, one.expected, "fr").startswith(f"{one.evidence['bouts']} périodes")


def test_lying_most_of_the_day_against_its_habit_is_told_and_undone_by_what_comes_late(world):
    goat = world.animals[0]
    usual(world)
    world.write(world.animals[1:], NOON, NOON + 40 * HOUR)
    for hours in range(0, 24, 4):  # it rises now and then, so no bout is too long by itself
        world.write([goat], NOON + hours * HOUR, NOON + (hours + 3.75) * HOUR, "lying")
        world.write([goat], NOON + (hours + 3.75) * HOUR, NOON + (hours + 4) * HOUR, "standing")
    world.look(NOON + 24 * HOUR)
    world.look(NOON + 24 * HOUR)
    world.write([goat], NOON, NOON + 40 * HOUR)
    for hours in (30, 40):
        world.look(NOON + hours * HOUR)

    assert world.seen() == [("lying_long", "goat-0", NOON + 24 * HOUR, "undone")]


def test_what_the_whole_group_does_is_no_alarm_about_one_animal(world):
    usual(world)
    world.write(world.animals, NOON, NOON + 24 * HOUR)
    for animal in world.animals:
        stir(world, animal, NOON, NOON + 24 * HOUR)
    for hours in (8, 16, 24):
        world.look(NOON + hours * HOUR)

    assert world.seen() == []
