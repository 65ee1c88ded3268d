"""An alert tells what the journal says of its animal, its group and the farm in the two days before."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from core.alert_texts import ABOUT, JOURNAL, entry_told
from core.readings import CollarName
from storage.alerting import alerts, findings
from storage.alerting.findings import Finding, Subject
from storage.herds import herd, journal
from storage.herds.herd import During
from storage.herds.journal import Written
from storage.measurements import series

SINCE = datetime(2026, 5, 3, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def barn(engine):
    """Two groups of one goat each, each with a collar: ids by name."""
    with engine.begin() as connection:
        farm = herd.ensure_farm(connection, "barn")
        ids = {"farm": farm}
        for animal, group, collar in (("ada", "young", "c-1"), ("bea", "old", "c-2")):
            ids[animal], ids[group] = (
                herd.ensure_animal(connection, farm, animal),
                herd.ensure_group(connection, farm, group),
            )
            ids[collar] = herd.ensure_collar(connection, CollarName("barn", collar))
            herd.assign(connection, ids[collar], ids[animal])
            herd.move(connection, ids[animal], ids[group], During())
        ids |= {f"series of {one.name}": one.id for one in series.ensure_series(connection, farm)}
    return ids


@pytest.fixture
def write(engine, barn):
    """Write down something of an animal, a group or the farm, some hours after the alert began."""

    def written(hours, *, animal=None, group=None, lasts=None, kind="move", farm="barn"):
        start = SINCE + hours * HOUR
        about = Written(
            kind, start, None if lasts is None else start + lasts * HOUR, f"{hours}", barn.get(group), barn.get(animal)
        )
        with engine.begin() as connection:
            return journal.write(connection, herd.ensure_farm(connection, farm), about, author="marie")

    return written


@pytest.fixture
def told(engine, barn):
    """Raise an alert three hours after it began; what the journal says of it."""

    def raised(**about):
        found = Finding(
            subject=Subject(**about), since=SINCE, opened_at=SINCE + 3 * HOUR, last_evidence_at=SINCE + 3 * HOUR,
            until=None, ended_by="", severity="warning", evidence={}, expected={}, causes=[],
        )  # fmt: skip
        with engine.begin() as connection:
            number = findings.add(connection, barn["farm"], "lag", found)
            alert = alerts.alert(connection, number)
            assert [one for one in alerts.alerts(connection, limit=9) if one.id == number] == [alert]
            return [entry["id"] for entry in alert.journal]

    return raised


def test_entries_of_the_two_days_before_are_told_the_latest_first(write, told):
    early, late = write(-48), write(-1)
    write(-48.1), write(3.1)
    while_it_was_not_known = write(2)
    lasting = write(-60, lasts=13)
    write(-60, lasts=12)

    assert told() == [while_it_was_not_known, late, early, lasting]


def test_an_animal_is_told_of_itself_its_group_and_the_farm(barn, write, told):
    own, of_group, of_farm = write(-3, animal="ada"), write(-2, group="young"), write(-1)
    write(-3, animal="bea"), write(-2, group="old"), write(-1, farm="other")

    assert told(animal_id=barn["ada"]) == [of_farm, of_group, own]
    assert told(collar_id=barn["c-1"]) == [of_farm, of_group, own]


def test_a_group_is_told_of_its_animals_and_a_herd_of_its_groups(barn, write, told):
    of_animal, of_group, of_farm = write(-3, animal="ada"), write(-2, group="young"), write(-1)
    other = write(-4, group="old")
    write(-5, animal="bea")

    assert told(group_id=barn["young"]) == [of_farm, of_group, of_animal]
    assert told(series_id=barn["series of young"]) == [of_farm, of_group, of_animal]
    assert told() == [of_farm, of_group, other]


def test_a_collar_that_nobody_wore_is_told_of_the_farm_and_its_groups(engine, barn, write, told):
    with engine.begin() as connection:
        herd.unassign(connection, barn["c-1"], During())
    write(-3, animal="ada")
    of_group, of_farm = write(-2, group="young"), write(-1)

    assert told(collar_id=barn["c-1"]) == [of_farm, of_group]


def test_ten_are_told_and_no_more(write, told):
    written = [write(-number) for number in range(1, 13)]
    assert told() == written[:10]


def test_entries_are_told_with_names_and_words(engine, barn, write, told):
    write(-2, group="young", lasts=1)
    told(animal_id=barn["ada"])
    with engine.connect() as connection:
        (alert,) = alerts.alerts(connection, limit=1)
        (entry,) = alert.journal
    assert entry == {
        "id": entry["id"],
        "kind": "move",
        "about": "group",
        "name": "young",
        "start": "2026-05-03T10:00:00+00:00",
        "until": "2026-05-03T11:00:00+00:00",
        "note": "-2",
    }
    assert entry_told(entry, "fr") == "déplacement, lot young : -2"


def test_every_kind_of_entry_has_words(engine):
    with engine.connect() as connection:
        query = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'journal_kind_check'"
        kinds = connection.execute(text(query)).scalar_one()
    assert all(f"'{kind}'" in kinds for kind in JOURNAL)
    assert kinds.count("::text,") + 1 == len(JOURNAL)
    assert {"farm", "group", "animal"} <= ABOUT.keys()
