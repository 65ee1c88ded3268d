"""Every command that changes what people set up leaves its trace in the audit log: who, what, of which farm."""

import io
import sys
from getpass import getuser
from types import SimpleNamespace

import pytest
from sqlalchemy import text
from typer.main import get_command

from animov import audit, labels, model_life
from animov.commands.whole import app
from core.readings import CollarName
from forecast.choosing import select_regressors
from storage.alerting import alerts
from storage.herds import herd
from storage.measurements import series
from storage.modelling import aliases, models, trainings
from storage.modelling.models import Subject
from stream.calibrating import keeping

BY = f"command line ({getuser()})"

CHANGES = {
    "user add": (["marie", "--role", "manager", "--farm", "barn"], ["user.made", "person.added"]),
    "user password": (["marie"], ["user.password_changed"]),
    "key add": (["barn", "--name", "parlour", "--scope", "read"], ["key.made"]),
    "key revoke": (["barn", "1"], ["key.revoked"]),
    "key rotate-signing": ([], ["signing_key.rotated"]),
    "collar add": (["barn/tag-7", "--mount", "leg", "--animal", "Brune", "--device", "tts:a"], ["collar.onboarded"]),
    "collar swap": (["barn/tag-7", "barn/tag-8", "--from", "2026-05-01 08:00"], ["collar.swapped"]),
    "animals species": (["cattle", "--farm", "barn"], ["farm.changed"]),
    "animals swap": (["Brune", "Noire", "--from", "2026-05-01", "--farm", "barn"], ["collar.swapped"]),
    "import posture": (["{seen}", "--farm", "barn", "--no-backtest"], ["collar.onboarded", "readings.imported"]),
    "import samples": (["{samples}", "--farm", "barn", "--no-backtest"], ["collar.onboarded", "readings.imported"]),
    "import ratios": (["{ratios}", "--farm", "barn", "--no-backtest"], ["collar.onboarded", "readings.imported"]),
    "alerts seen": (["{alert}"], ["alert.seen"]),
    "alerts dismiss": (["{alert}", "--reason", "visitors"], ["alert.dismissed"]),
    "alerts confirm": (["{alert}", "--finding", "lame"], ["alert.confirmed"]),
    "alerts reopen": (["{judged}"], ["alert.reopened"]),
    "alerts notify set": (["barn", "--quiet", "22:00-06:00"], ["notices.rule_changed"]),
    "alerts notify add": (["barn", "https://example.org/hook"], ["notices.channel_added"]),
    "alerts notify test": (["barn", "ada@example.org"], ["notices.test_asked"]),
    "alerts notify resend": (["barn", "https://example.org/hook"], ["notices.resent"]),
    "alerts notify remove": (["barn", "https://example.org/hook"], ["notices.channel_removed"]),
    "posture recalibrate": (["barn/tag-7"], ["collar.recalibrated"]),
    "posture label": (["{seen}", "--farm", "barn"], ["posture.labelled"]),
    "train": (["barn", "--order", "1,0,0"], ["training.asked"]),
    "models test": (["{model}"], ["training.asked"]),
    "models compare": (["{model}", "{other}"], ["training.asked"]),
    "models cancel": (["{training}"], ["training.cancelled"]),
    "models promote": (["{model}", "--force"], ["model.crowned"]),
    "models rollback": (["barn"], ["model.rolled_back"]),
    "models regressors": (["barn", "--now"], ["model.regressors_searched"]),
    "rejected retry": (["--all"], ["rejected.retried"]),
    "db reader": (["barn"], ["reader.made"]),
    "user remove": (["marie"], ["user.deleted"]),
}
"""Each command with words that make it change something, and what is then on record, in the order of the list."""

READ = {
    *("alerts list", "alerts notify show", "alerts precision", "alerts show", "animals bouts", "animals days"),
    *("animals states", "animals swaps", "db backup", "db status", "db url", "key list", "models list", "models plot"),
    *("models show", "models trainings", "posture status", "rejected list", "rejected show", "user list"),
}
RUN = {
    *("api", "backtest", "console", "db restore", "db upgrade", "demo", "farm delete", "farm export", "forecast"),
    *("homeassistant", "ingest"),
    *("collar passwords", "dashboards build", "dashboards push", "record", "replay", "simulate", "stream", "up"),
}
"""What works as long as it runs, on a file, or on all of a farm or database; `bench` works on databases of its own."""


def every_command(group, *path):
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from every_command(command, *path, name)
        else:
            yield " ".join((*path, name))


def test_of_every_command_it_is_known_whether_it_changes_anything():
    known = {name for name in every_command(get_command(app)) if not name.startswith("bench ")}
    assert known <= CHANGES.keys() | READ | RUN


@pytest.fixture
def places(engine, tmp_path):
    """A farm with all that commands are about, and files; what the words of `CHANGES` call them."""
    seen, samples, ratios = (tmp_path / f"{name}.csv" for name in ("seen", "samples", "ratios"))
    seen.write_text("t0,t1,posture,id\n2026-05-01T08:00:00Z,2026-05-01T08:10:00Z,lying,a\n")
    samples.write_text("time,acc_fwd,acc_up,acc_right,id\n2026-05-01T08:00:00Z,0,1,0,b\n")
    ratios.write_text("date,ratio_debout\n2026-05-01 08:00,0.5\n2026-05-01 08:15,0.5\n")
    with engine.begin() as connection:
        farm = herd.ensure_farm(connection, "barn")
        for collar, animal in (("tag-7", "Brune"), ("tag-8", "Noire")):
            made = herd.ensure_collar(connection, CollarName("barn", collar))
            herd.assign(connection, made, herd.ensure_animal(connection, farm, animal))
        subject = Subject(farm, series.ensure_series(connection, farm)[0].id)
        now = connection.execute(text("SELECT animov_now()")).scalar_one()
        asked = trainings.ask(connection, "train", subject, {"specification": "a"}, requested_by="test", at=now)
        about = {"parameters": {}, "training_id": asked, "now": now}
        model, other = (
            models.ensure_model(connection, subject, specification=f'"{digest}"', digest=digest, **about)
            for digest in "ab"
        )
        aliases.point(connection, subject, "champion", other, why="order", at=now)
        open_alert = text("""INSERT INTO alert (farm_id, kind, since, opened_at, last_evidence_at, severity, evidence,
        expected, causes) VALUES (:farm, :kind, :now, :now, :now, 'info', '{}', '{}', '[]') RETURNING id""")
        judged, alert = (
            connection.execute(open_alert, {"farm": farm, "kind": kind, "now": now}).scalar_one()
            for kind in ("coverage", "lag")
        )
        alerts.judge(connection, judged, "dismissed", by="test", at=now, note="visitors")
        connection.execute(
            text("""INSERT INTO rejected_message VALUES (:key, :farm, 'animov/v1/barn/tag-7/samples', 'malformed', '',
            :now, :now, 1, 1, 'x')"""),
            {"key": b"k" * 32, "farm": farm, "now": now},
        )
        connection.execute(
            text("INSERT INTO notice_channel (farm_id, kind, address) VALUES (:farm, 'mail', 'ada@example.org')"),
            {"farm": farm},
        )
    told = {"seen": seen, "samples": samples, "ratios": ratios, "alert": alert, "judged": judged, "training": asked}
    return {name: str(value) for name, value in (told | {"model": model, "other": other}).items()}


@pytest.fixture
def quick(monkeypatch):
    """Long work is not done: what is on record is that it was asked for."""

    def give_up(engine, settings, number):
        raise model_life.GivenUpError(number, "train")

    fitted = SimpleNamespace(by_day=None, by_animal=None)
    monkeypatch.setattr(model_life, "done_here", give_up)
    monkeypatch.setattr(model_life, "tell_mlflow", lambda *_: "")
    monkeypatch.setattr(select_regressors, "select_for_farm", lambda *_, **__: None)
    monkeypatch.setattr(keeping, "relearn", lambda *_: 0)
    monkeypatch.setattr(labels, "_observed", lambda *_: [])
    monkeypatch.setattr(labels, "sessions_of", lambda *_, **__: [])
    monkeypatch.setattr(labels, "fit", lambda _: fitted)
    monkeypatch.setattr(labels, "use_model", lambda *_, **__: (0, 0, None))
    monkeypatch.setattr(labels.Learned, "told", lambda _: "")


def test_every_command_that_changes_something_is_on_record(node, engine, places, quick, monkeypatch):
    noted = 0
    for name, (words, actions) in CHANGES.items():
        monkeypatch.setattr(sys, "stdin", io.StringIO("correct horse battery\n"))
        ran = node(*name.split(), *(word.format(**places) for word in words))
        with engine.connect() as connection:
            query = "SELECT actor, action, farm_id, id FROM audit_log WHERE id > :noted ORDER BY id"
            rows = connection.execute(text(query), {"noted": noted}).all()
        assert [row.action for row in rows] == actions, (name, ran)
        assert {row.actor for row in rows} == {BY}, name
        of_none = {"user.made", "user.password_changed", "user.deleted", "signing_key.rotated"}
        assert all((row.farm_id is None) == (row.action in of_none) for row in rows), name
        noted = rows[-1].id


def test_what_only_looks_and_what_is_refused_leaves_nothing(node, engine, places):
    for words in (["user", "list"], ["key", "list", "barn"], ["key", "revoke", "barn", "99"], ["alerts", "seen", "99"]):
        node(*words)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM audit_log")).scalar_one() == 0


def test_what_is_on_record_of_a_collar_says_what_was_said_and_no_password(node, engine):
    ran = node("collar", "add", "barn/tag-9", "--mount", "leg", "--hold-s", "60", "--password")
    with engine.connect() as connection:
        subject, change = connection.execute(text("SELECT subject, change FROM audit_log")).one()

    password = ran.out.split()[-1]
    assert (subject, change) == ("collar tag-9", {"mount": "leg", "hold_s": 60, "password": True})
    assert password not in str(change)


def test_a_user_without_a_name_is_told_by_number(monkeypatch):
    def nameless():
        raise OSError("No username set in the environment")

    monkeypatch.setattr(audit, "getuser", nameless)
    assert audit.actor().startswith("command line (")
