"""Animals on the command line: the cows of the leg recording through the whole path, and what is refused."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from storage.engine.database import engine_for
from storage.herds import herd
from stream.behaviour.alerting import Limits, watch


def answered(ran):
    assert ran.code == 0, ran.err
    return json.loads(ran.out)


@pytest.mark.recordings
def test_two_cows_of_a_leg_recording_stand_and_lie_as_an_independent_reading_says(node, recordings):
    file = recordings / "leg_accelerometer_5hz_2cows.csv.gz"
    imported = node("import", "samples", file, "--farm", "barn", "--mount", "leg", "--no-backtest", "--zone", "UTC")
    assert imported.code == 0, imported.err
    assert node("animals", "species", "cattle", "--farm", "barn").code == 0
    asked = ("--farm", "barn", "--from", "2021-06-29", "--to", "2021-06-29", "--json")

    bouts, sheets = (answered(node("animals", what, *asked)) for what in ("bouts", "days"))

    shares = {one["animal"]: one["standing_s"] / one["known_s"] for one in sheets}
    assert shares == {"cow01": pytest.approx(0.592, abs=0.002), "cow02": pytest.approx(0.615, abs=0.002)}
    counted = {
        cow: (len(of_cow), sum(bout["posture"] == "lying" for bout in of_cow))
        for cow in shares
        for of_cow in [[bout for bout in bouts if bout["animal"] == cow]]
    }
    assert counted == {"cow01": (9, 4), "cow02": (6, 3)}
    assert {one["animal"]: one["lying_bouts"] for one in sheets} == {"cow01": 4, "cow02": 3}


@pytest.fixture
def barn(node, tmp_path):
    """A farm on which Brune lay from one to three in the night, and stood until four."""
    file = tmp_path / "seen.csv"
    rows = ("t0,t1,posture", "2026-05-01 01:00,2026-05-01 03:00,lying", "2026-05-01 03:00,2026-05-01 04:00,standing")
    file.write_text("\n".join(rows))
    words = ("--farm", "barn", "--collar", "c", "--animal", "Brune", "--group", "dairy", "--no-backtest")
    assert node("import", "posture", file, *words).code == 0
    return node


DAY = ("--farm", "barn", "--from", "2026-05-01", "--to", "2026-05-01")


def test_days_and_bouts_are_told_to_people_and_programs(barn):
    (sheet,) = answered(barn("animals", "days", *DAY, "--animal", "Brune", "--json"))
    (group,) = answered(barn("animals", "days", *DAY, "--group", "dairy", "--json"))
    bouts = answered(barn("animals", "bouts", *DAY, "--json"))

    assert (sheet["animal"], sheet["day"], sheet["lying_s"], sheet["lying_bouts"]) == ("Brune", "2026-05-01", 7200, 1)
    assert (group["group"], group["members"], group["measured"], group["standing_h"]) == ("dairy", 1, 0, None)
    assert [(bout["posture"], bout["start"], bout["duration_s"], bout["open_start"]) for bout in bouts] == [
        ("lying", "2026-04-30T23:00:00+00:00", 7200, True),
        ("standing", "2026-05-01T01:00:00+00:00", 3600, False),
    ]
    assert "2 h lying,  12% known    1 lying bouts, longest 2 h, mean ?" in barn("animals", "days", *DAY).out
    assert "<2026-05-01 01:00:00 to 2026-05-01 03:00:00 " in barn("animals", "bouts", *DAY).out
    assert "none of 1 animals known" in barn("animals", "days", *DAY, "--group", "dairy").out
    assert barn("animals", "days", "--farm", "barn").out == "nothing is known of these days\n"


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("days", "--farm", "none"), 1, "there is no farm"),
        (("days", "--farm", "barn", "--animal", "none"), 1, "there is no animal"),
        (("days", "--farm", "barn", "--group", "none"), 1, "there is no group"),
        (("days", "--farm", "barn", "--animal", "Brune", "--group", "dairy"), 2, "not both"),
        (("states", "--farm", "barn", "--group", "none"), 1, "there is no group"),
        (("states", "--farm", "barn", "--animal", "none"), 1, "there is no animal"),
        (("states", "--farm", "barn", "--lang", "de"), 2, "neither en nor fr"),
        (("bouts", "--farm", "barn", "--from", "May"), 2, "'May' is not a date"),
        (("bouts", "--farm", "barn", "--to", "9999-12-31"), 2, "9999-12-31 is too far away"),
        (("days", "--farm", "barn", "--from", "0001-01-01"), 2, "0001-01-01 is too far away"),
        (("days", "--farm", "barn", "--from", "2026-05-02", "--to", "2026-05-01"), 2, "2026-05-02 is after 2026-05-01"),
        (("swap", "Brune", "Noire", "--from", "2199-01-01", "--farm", "barn"), 2, "2199-01-01 is after today"),
    ],
)
def test_what_is_not_there_is_refused(barn, words, code, told):
    ran = barn("animals", *words)

    assert (ran.code, told in ran.err) == (code, True), ran.err


@pytest.fixture
def looked_at(barn, database_url):
    """The same farm once the node has looked at it: Brune's habit is known of no day."""
    engine = engine_for(database_url)
    with engine.connect() as connection:
        farm_id = herd.find_farm(connection, "barn")
    watch(engine, farm_id, datetime(2026, 5, 1, 3, tzinfo=UTC), Limits(timedelta(minutes=30), 3.5))
    engine.dispose()
    return barn


def test_states_are_told_to_people_and_programs(looked_at):
    (one,) = answered(looked_at("animals", "states", "--farm", "barn", "--group", "dairy", "--json"))
    english, french = (looked_at("animals", "states", "--farm", "barn", "--lang", lang).out for lang in ("en", "fr"))

    assert (one["animal"], one["group"], one["state"], one["days"]) == ("Brune", "dairy", "none", 0)
    assert (one["since"], one["reason"]) == ("2026-05-01T03:00:00+00:00", "not enough days")
    assert one["standing_h"] == {"seen": None, "low": None, "high": None}
    assert "Brune (dairy)" in english
    assert "nothing to say, since Friday 1 May 05:00: its habit is known of 0 days, 7 are needed" in english
    assert "rien à dire, depuis vendredi 1 mai 05:00: habitudes connues sur 0 jours, il en faut 7" in french
    assert answered(looked_at("animals", "states", "--farm", "barn", "--animal", "Brune", "--json")) == [one]


def test_before_the_first_look_nothing_is_said(barn):
    assert barn("animals", "states", "--farm", "barn").out == "no animal has been looked at yet\n"
