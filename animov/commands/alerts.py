"""`alerts`: what people should look at."""

import json
import sys
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from animov.commands import notify
from animov.commands.options import DataDir, Json, language_named, settings_for

if TYPE_CHECKING:
    from core.alert_texts import Language
    from storage.alerting.alerts import Alert, Change, Judged, Judgement

app = typer.Typer(help="What people should look at.", no_args_is_help=True)
app.add_typer(notify.app, name="notify")

AlertId = Annotated[int, typer.Argument(min=1, help="Number of the alert, as listed.", metavar="ALERT")]

_STATES = ("open", "seen", "dismissed", "confirmed", "closed")
_GOING_ON = ["open", "seen"]
_LONGEST_NOTE = 2000  # characters, as by HTTP


@app.callback()
def _alerts() -> None:
    """What people should look at."""


@app.command("list")
def list_alerts(
    farm: Annotated[str | None, typer.Option(help="Only of this farm.", metavar="FARM")] = None,
    state: Annotated[
        list[str] | None, typer.Option(help=f"{', '.join(_STATES)}; may be given again; open and seen if left out.")
    ] = None,
    lang: Annotated[str, typer.Option(help="Language of the texts: en or fr.")] = "en",
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="Most alerts to show.")] = 50,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """List alerts, the one raised last first.

    Example: animov alerts list --farm barn --state open --lang fr
    """
    from animov.access import node_engine
    from storage.alerting import alerts
    from storage.herds import herd

    states = [one for one in alerts.STATES if one in _wanted(state)]
    language = language_named(lang)
    with node_engine(settings_for("command", quiet=True, data_dir=data_dir)) as engine, engine.connect() as connection:
        farm_id = None if farm is None else herd.find_farm(connection, farm)
        found = alerts.alerts(connection, farm_id, states=states, limit=limit)
    plain = [_plain(alert, language) for alert in found]
    sys.stdout.write(json.dumps(plain) + "\n" if as_json else _table(found, language))


@app.command()
def show(
    number: AlertId,
    lang: Annotated[str, typer.Option(help="Language of the texts: en or fr.")] = "en",
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Show one alert: what was seen, what is likely behind it, what to check, and who said what of it.

    Example: animov alerts show 12 --lang fr
    """
    from animov.access import node_engine
    from storage.alerting import alerts

    language = language_named(lang)
    with node_engine(settings_for("command", quiet=True, data_dir=data_dir)) as engine, engine.connect() as connection:
        found, changes = alerts.alert(connection, number), alerts.changes_of(connection, number)
    if as_json:
        told = [{**change._asdict(), "at": change.at.isoformat()} for change in changes]
        sys.stdout.write(json.dumps({**_plain(found, language), "changes": told}) + "\n")
        return
    sys.stdout.write(_table([found], language) + _details(found, changes, language))


@app.command()
def seen(number: AlertId, data_dir: DataDir = None) -> None:
    """Say that an alert was seen: nobody need be told of it again but that it is over.

    Example: animov alerts seen 12
    """
    _judge(number, "seen", "", data_dir)


@app.command()
def dismiss(
    number: AlertId,
    reason: Annotated[str, typer.Option(help="Why it was nothing.", metavar="TEXT")],
    data_dir: DataDir = None,
) -> None:
    """Say that an alert was a false one, and why.

    Example: animov alerts dismiss 12 --reason "visitors in the shed"
    """
    _judge(number, "dismissed", reason, data_dir)


@app.command()
def confirm(
    number: AlertId,
    finding: Annotated[str, typer.Option(help="What was found.", metavar="TEXT")],
    data_dir: DataDir = None,
) -> None:
    """Say that an alert was right, and what was found.

    Example: animov alerts confirm 12 --finding "lame, left hind"
    """
    _judge(number, "confirmed", finding, data_dir)


@app.command()
def reopen(number: AlertId, data_dir: DataDir = None) -> None:
    """Take back what was said of an alert: it is open again, or closed if it is over.

    Example: animov alerts reopen 12
    """
    from animov.access import node_engine
    from animov.audit import note as record
    from animov.model_life import HERE
    from storage.alerting import alerts
    from storage.engine import clocks
    from storage.herds import herd

    with node_engine(settings_for("command", quiet=True, data_dir=data_dir)) as engine, engine.begin() as connection:
        before = alerts.alert(connection, number)
        alerts.reopen(connection, number, by=HERE, at=clocks.read(connection).now())
        taken_back = {"state": before.state, "note": before.note}
        record(connection, herd.find_farm(connection, before.farm), "alert.reopened", f"alert {number}", taken_back)
        state = alerts.alert(connection, number).state
    sys.stdout.write(f"alert {number} is {state}\n")


@app.command()
def precision(
    farm: Annotated[str, typer.Option(help="The farm.", metavar="FARM")],
    days: Annotated[int, typer.Option(min=1, max=36_500, help="Of the last so many days.")] = 90,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Report how often alerts were right, by kind, as far as people have confirmed or dismissed them.

    Example: animov alerts precision --farm barn --days 30
    """
    from animov.access import node_engine
    from storage.alerting import alerts
    from storage.engine import clocks
    from storage.herds import herd

    with node_engine(settings_for("command", quiet=True, data_dir=data_dir)) as engine, engine.connect() as connection:
        farm_id, since = herd.find_farm(connection, farm), clocks.read(connection).now() - timedelta(days=days)
        judged = alerts.judged_since(connection, farm_id, since)
        animal_days = alerts.animal_days_since(connection, farm_id, since)
    rows = [_scored(one, animal_days) for one in judged]
    plain = {"farm": farm, "days": days, "animal_days": animal_days, "kinds": rows}
    sys.stdout.write(json.dumps(plain) + "\n" if as_json else _report(rows))


def _judge(number: int, judgement: "Judgement", note: str, data_dir: Path | None) -> None:
    from animov.access import node_engine
    from animov.audit import note as record
    from animov.model_life import HERE
    from storage.alerting import alerts
    from storage.engine import clocks
    from storage.herds import herd

    if not (note.isprintable() and len(note) <= _LONGEST_NOTE):
        raise typer.BadParameter(f"say it in one line of {_LONGEST_NOTE:,} characters at most")
    with node_engine(settings_for("command", quiet=True, data_dir=data_dir)) as engine, engine.begin() as connection:
        alerts.judge(connection, number, judgement, by=HERE, at=clocks.read(connection).now(), note=note)
        farm_id = herd.find_farm(connection, alerts.alert(connection, number).farm)
        record(connection, farm_id, f"alert.{judgement}", f"alert {number}", {"note": note} if note else None)
    sys.stdout.write(f"alert {number} is {judgement}\n")


def _scored(one: "Judged", animal_days: int) -> dict[str, object]:
    from core.precision import per_hundred_animals_and_week, precision

    found = precision(one.confirmed, one.dismissed)
    return {
        **one._asdict(),
        "unjudged": one.raised - one.confirmed - one.dismissed,
        "precision": None if found is None else found.share,
        "interval95": None if found is None else [found.lower, found.upper],
        "dismissed_per_100_animals_and_week": per_hundred_animals_and_week(one.dismissed, animal_days),
    }


def _report(rows: list[dict[str, object]]) -> str:
    if not rows:
        return "no alerts in these days\n"
    head = f"{'kind':<14}{'raised':>8}{'right':>8}{'wrong':>8}{'unjudged':>10}  {'precision (95 %)':<22}"
    return f"{head}wrong/100 animals/week\n" + "".join(_report_line(row) for row in rows)


def _report_line(row: dict[str, object]) -> str:
    counts = f"{row['raised']:>8}{row['confirmed']:>8}{row['dismissed']:>8}{row['unjudged']:>10}"
    share, interval, rate = row["precision"], row["interval95"], row["dismissed_per_100_animals_and_week"]
    told = f"{share:.0%} ({interval[0]:.0%} to {interval[1]:.0%})" if isinstance(interval, list) else "not judged yet"
    return f"{row['kind']:<14}{counts}  {told:<22}" + ("unknown\n" if rate is None else f"{rate:.2f}\n")


def _details(found: "Alert", changes: "list[Change]", language: "Language") -> str:
    from zoneinfo import ZoneInfo

    from core.alert_texts import CHECKS, entry_told, told
    from core.time_texts import moment

    zone = ZoneInfo(found.time_zone)
    lines = [f"{'':>8}{told(CHECKS[found.kind], language, {})}"]
    for entry in found.journal:
        begun = datetime.fromisoformat(entry["start"])
        lines.append(f"{'':>8}{moment(begun, zone, language)} {_printable(entry_told(entry, language))}")
    for change in changes:
        by = f" by {change.by_user}" if change.by_user else ""
        at, note = moment(change.at, zone, language), f": {change.note}" if change.note else ""
        lines.append(f"{'':>8}{at} {change.state}{by}{note}")
    return "\n".join(lines) + "\n"


def _printable(text: str) -> str:
    """Show what people wrote in one line."""
    return "".join(sign if sign.isprintable() else " " for sign in text)


def _wanted(states: list[str] | None) -> list[str]:
    for state in states or ():
        if state not in _STATES:
            raise typer.BadParameter(f"{state!r} is none of {', '.join(_STATES)}", param_hint="--state")
    return states or _GOING_ON


def _plain(alert: "Alert", language: "Language") -> dict[str, object]:
    from core.alert_texts import evidence_told

    fields = {
        name: value.isoformat() if isinstance(value, datetime) else value for name, value in asdict(alert).items()
    }
    text = evidence_told(alert.kind, alert.evidence, alert.expected, language)
    return {**fields, "text": text, "when": _when(alert, language)}


def _table(found: "list[Alert]", language: "Language") -> str:
    from core.alert_texts import causes_told, evidence_told

    if not found:
        return "no such alerts\n"
    return "".join(
        f"{alert.id:>6}  {alert.severity:<8} {alert.state:<9}  {alert.farm}"
        f"  {alert.about} {alert.about_name}: {evidence_told(alert.kind, alert.evidence, alert.expected, language)}\n"
        f"{'':>8}{_when(alert, language)}\n"
        f"{'':>8}{'; '.join(causes_told(alert.causes, language))}\n"
        for alert in found
    )


def _when(alert: "Alert", language: "Language") -> str:
    from zoneinfo import ZoneInfo

    from core.time_texts import times_told

    return times_told(alert.since, alert.opened_at, alert.until, ZoneInfo(alert.time_zone), language)
