"""`alerts`: what people should look at."""

import json
import sys
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from animov.commands.options import DataDir, Json, settings_for

if TYPE_CHECKING:
    from core.alert_texts import Language
    from storage.alerts import Alert

app = typer.Typer(help="What people should look at.", no_args_is_help=True)

_STATES = ("open", "seen", "dismissed", "confirmed", "closed")
_GOING_ON = ["open", "seen"]


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
    limit: Annotated[int, typer.Option(min=1, help="Most alerts to show.")] = 50,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """List alerts, the one raised last first.

    Example: animov alerts list --farm barn --state open --lang fr
    """
    from animov.access import node_engine
    from storage import alerts, herd

    states = [one for one in alerts.STATES if one in _wanted(state)]
    language: Language = _language(lang)
    with node_engine(settings_for("command", quiet=True, data_dir=data_dir)) as engine, engine.connect() as connection:
        farm_id = None if farm is None else herd.find_farm(connection, farm)
        found = alerts.alerts(connection, farm_id, states=states, limit=limit)
    plain = [_plain(alert, language) for alert in found]
    sys.stdout.write(json.dumps(plain) + "\n" if as_json else _table(found, language))


def _wanted(states: list[str] | None) -> list[str]:
    for state in states or ():
        if state not in _STATES:
            raise typer.BadParameter(f"{state!r} is none of {', '.join(_STATES)}", param_hint="--state")
    return states or _GOING_ON


def _language(name: str) -> "Language":
    if name == "en":
        return "en"
    if name == "fr":
        return "fr"
    raise typer.BadParameter(f"{name!r} is neither en nor fr", param_hint="--lang")


def _plain(alert: "Alert", language: "Language") -> dict[str, object]:
    from core.alert_texts import evidence_told

    fields = {
        name: value.isoformat() if isinstance(value, datetime) else value for name, value in asdict(alert).items()
    }
    return {**fields, "text": evidence_told(alert.kind, alert.evidence, alert.expected, language)}


def _table(found: "list[Alert]", language: "Language") -> str:
    from core.alert_texts import causes_told, evidence_told

    if not found:
        return "no such alerts\n"
    return "".join(
        f"{alert.id:>6}  {alert.since:%Y-%m-%d %H:%M}  {alert.severity:<8} {alert.state:<9}  {alert.farm}"
        f"  {alert.about} {alert.about_name}: {evidence_told(alert.kind, alert.evidence, alert.expected, language)}\n"
        f"{'':>8}{'; '.join(causes_told(alert.causes, language))}\n"
        for alert in found
    )
