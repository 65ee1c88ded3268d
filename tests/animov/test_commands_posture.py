"""Posture on the command line: what is told of collars, learning anew, models from what people saw."""

import asyncio
import json
import math
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import text

from animov.edge import decoder_for
from core.alert_texts import evidence_told
from core.clock import NodeClock
from core.delivery import Batch
from core.readings import CollarName, Message
from core.settings import Settings
from core.timeline import to_ms
from forecast.life.registry import POSTURE_MODEL, open_registry
from forecast.life.tracking import POSTURE, track
from storage.alerting import alerts
from storage.engine import clocks
from storage.engine.database import scoped_to
from storage.herds import calibrations, herd
from storage.herds.calibrations import Reading
from storage.modelling import tracking
from stream.calibrating.keeping import keep_calibrations
from stream.runner import Runner, running

T0 = datetime(2026, 5, 1, 8, tzinfo=UTC)
STEEP = (math.sin(math.radians(30)), math.cos(math.radians(30)), 0.0)


def message(collar, minute, gravity, force):
    xyz = [[round(part + force * math.sin(0.4 * math.pi * index), 3) for part in gravity] for index in range(600)]
    at = to_ms(T0) + minute * 60_000
    body = json.dumps({"t0": at, "hz": 10, "xyz": xyz}).encode()
    return Message(f"animov/v1/barn/{collar}/samples", at + 60_000, body)


@pytest.fixture
def barn(node, engine, database_url):
    """Brune and Noire, whose collars walked for an hour and then rested for an hour; a tag that was never heard."""
    with engine.begin() as connection:
        herd.ensure_farm(connection, "barn", time_zone="Europe/Paris")
        clocks.write(connection, NodeClock(ceiling=(T0 + timedelta(hours=2)).timestamp()))
        for animal, collar, mount in (("Brune", "c1", "collar"), ("Noire", "c2", "collar"), ("Rousse", "tag", "leg")):
            collar_id = herd.ensure_collar(connection, CollarName("barn", collar))
            calibrations.append(connection, collar_id, 0, Reading(mount), None)
            herd.assign(connection, collar_id, herd.ensure_animal(connection, 1, animal))

    async def feed():
        runner = Runner(database_url, partial(decoder_for, Settings()), most_keys=2000)
        async with running(runner):
            await runner.loaded()
            for minute in range(120):
                how = ((0.0, 1.0, 0.0), 0.3) if minute < 60 else (STEEP, 0.0)
                runner.intake(Batch([message(name, minute, *how) for name in ("c1", "c2")], lambda: None))
                await asyncio.sleep(0)

    asyncio.run(feed())
    return node


def answered(ran):
    assert ran.code == 0, ran.err
    return json.loads(ran.out)


def test_status_tells_how_each_collar_is_read_before_and_after_it_is_learned(barn):
    before = {one["collar"]: one for one in answered(barn("posture", "status", "--farm", "barn", "--json"))}
    learned = barn("posture", "recalibrate", "barn/c1")
    after = {one["collar"]: one for one in answered(barn("posture", "status", "--farm", "barn", "--json"))}
    told = barn("posture", "status", "--farm", "barn").out

    assert learned.out == "barn/c1 was learned anew; 120 messages were read again\n"
    assert {name: (one["mount"], one["rule"]) for name, one in before.items()} == {
        "c1": ("collar", "collar"),
        "c2": ("collar", "collar"),
        "tag": ("leg", "leg"),
    }
    assert (before["c1"]["anchor"], before["tag"]["threshold_g"], before["tag"]["unknown"]) == (None, 0.5, None)
    assert (after["c1"]["rule"], [round(part, 2) for part in after["c1"]["anchor"]]) == ("collar_calibrated", [0, 1, 0])
    assert (after["c1"]["received_s"], after["c1"]["unknown"], after["c1"]["reasons"]) == (7200, 0, {})
    assert "anchor 0.00 1.00 0.00 within 0 degrees, since ever" in told.splitlines()[0]
    assert "lies below 0.50 g, axes fwd,up,right" in told.splitlines()[2]


HOUR_MS = 3_600_000
CLOCKS = {
    "1970": lambda at: at - to_ms(T0),
    "2000": lambda at: at - to_ms(T0) + 946_684_800_000,
    "ahead": lambda at: at + 600_000,
    "late": lambda at: at - HOUR_MS,
    "right": lambda at: at,
    "slow": lambda at: at - (at - to_ms(T0)) // 144,
}
"""What a collar's clock shows, by its id."""


def keep_and_list(engine):
    keep_calibrations(engine, Settings(), partial(decoder_for, Settings()), 1)
    with scoped_to(engine, [1]) as connection:
        found = alerts.alerts(connection, 1, limit=20)
    for language in ("en", "fr"):
        assert all(evidence_told(one.kind, one.evidence, one.expected, language) for one in found)
    return {one.about_name: (one.evidence["code"], one.ended_by) for one in found if one.kind == "clock"}


def test_status_tells_which_clocks_are_wrong_and_what_to_do(node, engine, database_url):
    with engine.begin() as connection:
        herd.ensure_farm(connection, "barn")
        clocks.write(connection, NodeClock(ceiling=(T0 + timedelta(hours=20)).timestamp()))
        for collar in CLOCKS:
            calibrations.append(
                connection, herd.ensure_collar(connection, CollarName("barn", collar)), 0, Reading("leg"), None
            )

    async def feed():
        runner = Runner(database_url, partial(decoder_for, Settings()), most_keys=2000)
        async with running(runner):
            await runner.loaded()
            for at in range(to_ms(T0), to_ms(T0) + 20 * HOUR_MS, HOUR_MS // 2):
                bodies = {
                    name: json.dumps({"t0": clock(at), "hz": 1, "xyz": [[0, 1, 0]]}) for name, clock in CLOCKS.items()
                }
                told = [
                    Message(f"animov/v1/barn/{name}/samples", at + 100, body.encode()) for name, body in bodies.items()
                ]
                runner.intake(Batch(told, lambda: None))

    asyncio.run(feed())
    states = {one["collar"]: one for one in answered(node("posture", "status", "--farm", "barn", "--json"))}
    told = {line.split()[0]: line for line in node("posture", "status", "--farm", "barn").out.splitlines()}

    raised = [keep_and_list(engine) for _ in range(2)]
    with engine.begin() as connection:  # two days later nothing is refused any longer, and nothing was heard
        connection.execute(text("UPDATE rejected_message SET last_received = last_received - interval '2 days'"))
    ended = keep_and_list(engine)

    assert (
        raised
        == [
            {
                "1970": ("clock_refused", ""),
                "2000": ("clock_reset", ""),
                "ahead": ("clock_refused", ""),
                "late": ("clock_behind", ""),
                "slow": ("clock_loses", ""),
            }
        ]
        * 2
    )
    assert ended == raised[0] | dict.fromkeys(("1970", "ahead"), ("clock_refused", "set_right"))
    assert {name: one["clock"]["verdict"] for name, one in states.items()} == {
        "1970": "unclear",
        "2000": "reset",
        "ahead": "unclear",
        "late": "offset",
        "right": "right",
        "slow": "drift",
    }
    assert {name: one["refused"]["messages"] for name, one in states.items() if one["refused"]} == {
        "1970": 40,
        "ahead": 40,
    }
    assert (states["late"]["clock"]["behind_s"], round(states["slow"]["clock"]["drift_s"])) == (3600.1, 604)
    assert "40 messages refused, the last: time 1970-01-01T19:30:00.000Z is before 2000" in told["1970"]
    assert "is later than 2026-05-02T03:35:00.100Z" in told["ahead"]
    assert "its clock is 1 h behind: set it" in told["late"]
    assert "its clock loses 10 min a day and is 8 min behind: set it daily" in told["slow"]
    assert "clock" not in told["right"]
    assert "its clock was reset" in told["2000"]


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("status", "--farm", "none"), 1, "there is no farm"),
        (("recalibrate", "barn/none"), 1, "there is no collar"),
        (("recalibrate", "barn/tag"), 1, "worn on no neck"),
        (("recalibrate", "barn"), 2, "is not FARM/COLLAR"),
    ],
)
def test_what_is_not_there_is_refused(node, engine, words, code, told):
    with engine.begin() as connection:
        collar_id = herd.ensure_collar(connection, CollarName("barn", "tag"))
        calibrations.append(connection, collar_id, 0, Reading("leg"), None)
    ran = node("posture", *words)

    assert (ran.code, told in ran.err) == (code, True), ran.err


def seen(tmp_path, *rows):
    file = tmp_path / "seen.csv"
    file.write_text("\n".join(("animal,from,to,posture", *rows)))
    return file


BOTH = [
    f"{animal},2026-05-01 {first},2026-05-01 {last},{posture}"
    for animal in ("Brune", "Noire")
    for first, last, posture in (("10:20", "10:40", "standing"), ("11:20", "11:40", "lying"))
]
"""On the wall of Paris, two hours ahead."""


@pytest.fixture
def seated(barn):
    for collar in ("c1", "c2"):
        assert barn("posture", "recalibrate", f"barn/{collar}").code == 0
    return barn


def test_labels_make_a_model_that_is_judged_and_used(seated, engine, tmp_path):
    file = seen(tmp_path, *BOTH)
    learned = answered(seated("posture", "label", file, "--farm", "barn", "--json"))
    with engine.connect() as connection:
        made = calibrations.known(connection, 1)[0].calibrations
        (waiting,) = tracking.waiting(connection, 10)
        entry = tracking.entry(connection, waiting)
    whole = answered(seated("posture", "label", file, "--farm", "barn", "--history", "--json"))
    with engine.connect() as connection:
        rewritten = calibrations.known(connection, 1)[0]
    after = answered(seated("posture", "status", "--farm", "barn", "--json"))

    assert (learned["minutes"], learned["animals"], learned["collars"], learned["read_again"]) == (80, 2, 2, 0)
    assert learned["by_animal"]["balanced_accuracy"] == 1
    assert "refused" in learned["by_day"]
    assert learned["from"] == "2026-05-01T10:10:00+00:00"
    assert ["model" in one.parameters for one in made] == [False, True]
    assert (entry.kind, entry.payload["metrics"]["by_animal_balanced_accuracy"]) == ("posture", 1)
    assert (whole["from"], whole["read_again"]) == (None, 240)
    assert (rewritten.published, "model" in rewritten.calibrations[0].parameters) == (2, True)
    assert after[0]["rule"] == "collar_labelled"


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (["Blanche,2026-05-01 10:20,2026-05-01 10:40,standing"], "there is no animal that wore a collar"),
        (["Brune,2026-04-01 10:20,2026-04-01 10:40,standing"], "nothing is kept of Brune from 2026-04-01 10:20"),
        (BOTH[:1], "30 are needed"),
        (["Brune,2026-05-01 10:20,2026-05-01 10:40,sitting"], "neither standing nor lying"),
        (["Brune,2026-05-01 10:40,2026-05-01 10:20,lying"], "is not before"),
        ([*BOTH, "Brune,2026-05-01 10:25,2026-05-01 10:30,lying"], "two spans of Brune overlap"),
    ],
)
def test_labels_that_do_not_suffice_are_refused(seated, tmp_path, rows, told):
    ran = seated("posture", "label", seen(tmp_path, *rows), "--farm", "barn")

    assert (ran.code, told in ran.err) == (1, True), ran.err


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # MLflow's own, of SQLAlchemy
def test_mlflow_is_told_of_a_model_once_and_makes_it_a_version(engine, mlflow_settings):
    with engine.begin() as connection:
        farm = herd.ensure_farm(connection, "barn")
        told = {"model": {"intercept": 1.0}, "metrics": {"by_animal_unknown": 0.1}, "params": {"collars": "2"}}
        tracking.put(connection, "posture", "posture:1", told, farm_id=farm, at=T0)
    first = track(engine, mlflow_settings, T0)
    with engine.begin() as connection:
        tracking.put(connection, "posture", "posture:1", told, farm_id=farm, at=T0)
    again = track(engine, mlflow_settings, T0)

    client = open_registry(mlflow_settings).client
    (run,) = client.search_runs([client.get_experiment_by_name(POSTURE).experiment_id])
    versions = client.search_model_versions(f"name = '{POSTURE_MODEL}'")
    assert (first.logged, again.logged, first.fault, again.fault) == (1, 1, "", "")
    assert (run.data.metrics, run.data.params) == ({"by_animal_unknown": 0.1}, {"collars": "2"})
    assert {one.run_id for one in versions} == {run.info.run_id}
    assert [one.path for one in client.list_artifacts(run.info.run_id, "model")] == ["model/model.json"]
