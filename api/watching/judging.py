"""What people say of alerts, also to take it back: seen, dismissed, confirmed; and how often alerts were right."""

from datetime import datetime, timedelta, tzinfo
from typing import Annotated, Self

from fastapi import Query
from pydantic import Field

from api.forms.answers import Answer
from api.forms.identifiers import FarmName
from api.forms.late_routes import Router
from api.forms.times import Zone
from api.herd.changing import REFUSED_CHANGES, Body
from api.people.callers import Caller
from api.people.permits import permit
from api.watching.alerts import Alert, AlertId, InLanguage
from core.alert_texts import Language
from core.errors import ConflictError
from core.precision import per_hundred_animals_and_week, precision
from core.problem_texts import say
from storage.access import audit
from storage.access.scoping import Scope
from storage.alerting import alerts
from storage.alerting.alerts import Judged, Judgement
from storage.herds import readable

router = Router(prefix="/v1", tags=["alerts"])

Words = Annotated[str, Field(min_length=1, max_length=2000, pattern=r"^[^\x00]*[^\x00\s][^\x00]*$")]


class Dismissal(Body):
    """Why an alert was nothing."""

    reason: Words = Field(examples=["visite dans la chèvrerie"])


class Confirmation(Body):
    """What was found."""

    finding: Words = Field(examples=["boiterie, postérieur gauche"])


class AlertChange(Answer):
    """A state that an alert came into."""

    at: datetime
    state: str = Field(examples=["confirmed"])
    by: str = Field(description="Who said so; empty where it follows from the data.", examples=["marie"])
    note: str = Field(description="The reason, the finding, or by what it ended.")

    @classmethod
    def of(cls, change: alerts.Change, zone: tzinfo) -> Self:
        """Tell a change."""
        return cls(at=change.at.astimezone(zone), state=change.state, by=change.by_user, note=change.note)


class AlertHistory(Answer):
    """The states that an alert came into, the first first."""

    items: list[AlertChange]


class KindPrecision(Answer):
    """How often alerts of a kind were right."""

    kind: str = Field(examples=["deviation"])
    raised: int = Field(description="Alerts that were raised.", examples=[12])
    confirmed: int = Field(description="Those of them that were confirmed.", examples=[7])
    dismissed: int = Field(description="Those of them that were dismissed.", examples=[2])
    unjudged: int = Field(description="Those of which nobody has said either.", examples=[3])
    precision: float | None = Field(description="Share of the judged ones that were confirmed; null if none was.")
    lower95: float | None = Field(description="Lower end of its 95 % interval (Wilson).")
    upper95: float | None = Field(description="Upper end of it.")
    dismissed_per_100_animals_and_week: float | None = Field(description="Null where no animal was known.")

    @classmethod
    def of(cls, judged: Judged, animal_days: int) -> Self:
        """Tell what was said of a kind."""
        found = precision(judged.confirmed, judged.dismissed)
        return cls(
            **judged._asdict(),
            unjudged=judged.raised - judged.confirmed - judged.dismissed,
            precision=None if found is None else found.share,
            lower95=None if found is None else found.lower,
            upper95=None if found is None else found.upper,
            dismissed_per_100_animals_and_week=per_hundred_animals_and_week(judged.dismissed, animal_days),
        )


class AlertPrecision(Answer):
    """How often the alerts of a farm were right, as far as people have said."""

    since: datetime
    animal_days: int = Field(description="Days of animals of which anything is known.", examples=[720])
    kinds: list[KindPrecision]


@router.get("/alerts/{alert}/changes")
def get_alert_history(caller: Caller, alert: AlertId, zone: Zone) -> AlertHistory:
    """Return the states that an alert came into, and who said so."""
    alerts.alert(caller.connection, alert)
    changes = alerts.changes_of(caller.connection, alert)
    return AlertHistory(items=[AlertChange.of(change, zone) for change in changes])


@router.get("/farms/{farm}/alerts/precision")
def get_alert_precision(
    caller: Caller,
    farm: FarmName,
    zone: Zone,
    days: Annotated[int, Query(ge=1, le=3660, description="Of the last so many days.")] = 90,
) -> AlertPrecision:
    """Return how often the alerts of a farm were right, by kind, as far as people have confirmed or dismissed them."""
    farm_id = readable.farm(caller.connection, farm).id
    since = readable.now(caller.connection) - timedelta(days=days)
    animal_days = alerts.animal_days_since(caller.connection, farm_id, since)
    kinds = [KindPrecision.of(one, animal_days) for one in alerts.judged_since(caller.connection, farm_id, since)]
    return AlertPrecision(since=since.astimezone(zone), animal_days=animal_days, kinds=kinds)


@router.post("/alerts/{alert}/seen", responses=REFUSED_CHANGES)
def mark_alert_seen(caller: Caller, alert: AlertId, zone: Zone, lang: InLanguage) -> Alert:
    """Say that an alert was seen: nobody need be told of it again but that it is over."""
    return _judge(caller, alert, "seen", "", (zone, lang))


@router.post("/alerts/{alert}/dismiss", responses=REFUSED_CHANGES)
def dismiss_alert(caller: Caller, alert: AlertId, why: Dismissal, zone: Zone, lang: InLanguage) -> Alert:
    """Say that an alert was a false one, and why."""
    return _judge(caller, alert, "dismissed", why.reason, (zone, lang))


@router.post("/alerts/{alert}/confirm", responses=REFUSED_CHANGES)
def confirm_alert(caller: Caller, alert: AlertId, what: Confirmation, zone: Zone, lang: InLanguage) -> Alert:
    """Say that an alert was right, and what was found."""
    return _judge(caller, alert, "confirmed", what.finding, (zone, lang))


@router.post("/alerts/{alert}/reopen", responses=REFUSED_CHANGES)
def reopen_alert(caller: Caller, alert: AlertId, zone: Zone, lang: InLanguage) -> Alert:
    """Take back what was said of an alert: it is open again, or closed if it is over."""
    connection = caller.connection
    before = alerts.alert(connection, alert)
    farm_id = readable.farm(connection, before.farm).id
    permit(caller, farm_id, "manager")
    alerts.reopen(connection, alert, by=caller.actor, at=readable.now(connection))
    taken_back = {"state": before.state, "note": before.note}
    audit.note(caller, farm_id, "alert.reopened", f"alert {alert}", taken_back)
    return Alert.of(alerts.alert(connection, alert), zone, lang)


def _judge(caller: Scope, number: int, judgement: Judgement, note: str, style: tuple[tzinfo, Language]) -> Alert:
    connection = caller.connection
    farm_id = readable.farm(connection, alerts.alert(connection, number).farm).id
    permit(caller, farm_id, "manager")
    try:
        alerts.judge(connection, number, judgement, by=caller.actor, at=readable.now(connection), note=note)
    except ConflictError:
        raise ConflictError(say("alert_judged", alert=number, state=alerts.alert(connection, number).state)) from None
    audit.note(caller, farm_id, f"alert.{judgement}", f"alert {number}", {"note": note} if note else None)
    zone, language = style
    return Alert.of(alerts.alert(connection, number), zone, language)
