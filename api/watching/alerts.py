"""Alerts: what people should look at, why, and what was said of it."""

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Annotated, Any, Final, Literal, Self
from zoneinfo import ZoneInfo

from fastapi import Depends, Path, Query
from fastapi.responses import Response
from pydantic import Field

from api.forms.answers import Answer, Page
from api.forms.identifiers import FarmName
from api.forms.late_routes import Router
from api.forms.lists import Asked, Listing, listing
from api.forms.paging import AfterId, by_id
from api.forms.preferences import Spoken
from api.forms.times import Instant, Zone, refuse_backwards
from api.forms.values import ONLY_DIGITS
from api.people.callers import Caller
from core.alert_texts import Language, causes_told, entry_told, evidence_told
from core.time_texts import times_told
from storage.alerting import alerts
from storage.alerting.alerts import STATES, State
from storage.engine.database import Connection
from storage.herds import readable

router = Router(prefix="/v1", tags=["alerts"])

_LARGEST: Final = 2**63 - 1

AlertId = Annotated[int, Path(ge=1, le=_LARGEST, description="Id of an alert.", examples=[41]), ONLY_DIGITS]
States = Annotated[
    list[State] | None,
    Query(alias="state", description="Only alerts in this state; give it again for another. All if left out."),
]


OneKind = Annotated[
    str | None, Query(pattern="^[A-Za-z0-9_-]{1,64}$", description="Only alerts of this kind.", examples=["deviation"])
]
From = Annotated[Instant | None, Query(alias="from", description="Only alerts raised at this instant or later.")]
To = Annotated[Instant | None, Query(description="Only alerts raised before this instant.")]


async def _language(
    spoken: Spoken,
    response: Response,
    lang: Annotated[
        Language | None, Query(description="Language of the texts; the one that `Accept-Language` likes if left out.")
    ] = None,
) -> Language:
    response.headers["Vary"] = "Accept-Language"
    return lang or spoken


InLanguage = Annotated[Language, Depends(_language)]


Scalar = str | int | float | bool | None
Number = Scalar | list[Scalar] | list[dict[str, Scalar]]
"""What numbers of evidence and causes are: figures, instants, and lists of them."""


class AlertSubject(Answer):
    """What an alert is about; the id of a farm or herd is that of the farm."""

    kind: Literal["farm", "herd", "group", "animal", "collar"] = Field(examples=["group"])
    id: int = Field(examples=[3])
    name: str = Field(examples=["primipares"])


class AlertCause(Answer):
    """A likely cause."""

    code: str = Field(description="Stable name of the cause.", examples=["coverage_dropped"])
    text: str = Field(description="The same in a sentence.")
    numbers: dict[str, Number] = Field(description="What speaks for it; `weight`, 0 to 1, ranks it among the others.")


class AlertNote(Answer):
    """What somebody wrote into the journal about the time before."""

    id: int = Field(description="Of the entry in the journal.", examples=[5])
    kind: Literal["kidding", "treatment", "ration", "move", "other"] = Field(examples=["move"])
    about: Literal["farm", "group", "animal"] = Field(examples=["group"])
    name: str = Field(description="Of that animal, group or farm.", examples=["primipares"])
    start: datetime = Field(description="When it happened or began.")
    until: datetime | None = Field(description="When it ended; null: it took no time, or that is not known.")
    note: str = Field(description="In people's own words; may be empty.", examples=["to the new pen"])
    text: str = Field(description="The same in a line.", examples=["move, group primipares: to the new pen"])

    @classmethod
    def of(cls, entry: dict[str, Any], zone: tzinfo, language: Language) -> Self:
        """Tell an entry in a time zone and a language."""
        edges = {
            name: entry[name] and datetime.fromisoformat(entry[name]).astimezone(zone) for name in ("start", "until")
        }
        return cls(**{**entry, **edges}, text=entry_told(entry, language))


class Alert(Answer):
    """Something to look at; its numbers depend on its kind."""

    id: int = Field(examples=[41])
    farm: str = Field(examples=["barn"])
    kind: str = Field(description="`deviation` and others.", examples=["deviation"])
    subject: AlertSubject
    severity: Literal["info", "warning", "critical"]
    state: State = Field(description="What people said of it last, or `closed` when it is over and nobody judged it.")
    note: str = Field(description="Why it was dismissed, or what was found; else empty.")
    text: str = Field(description="What is the matter, in a sentence.")
    when: str = Field(
        description="Since when, when it was found and when it was over, in a sentence and in the farm's time zone."
    )
    since: datetime = Field(description="When it began.")
    opened_at: datetime = Field(description="When enough was known to raise it.")
    last_evidence_at: datetime = Field(description="End of the latest evidence.")
    until: datetime | None = Field(description="When it was over; null while it goes on.")
    ended_by: str = Field(description="Why it is over: `inside`, `no_data`, `undone`; else empty.")
    evidence: dict[str, Number] = Field(description="The numbers that raised it; times in them are UTC.")
    expected: dict[str, Number] = Field(description="What was expected in their place.")
    causes: list[AlertCause] = Field(description="Likely causes, the likeliest first.")
    journal: list[AlertNote] = Field(
        description="What was written of the animal, its group or the farm in the two days before, the latest first."
    )

    @classmethod
    def of(cls, alert: alerts.Alert, zone: tzinfo, language: Language) -> Self:
        """Tell an alert in a time zone and a language."""
        return cls(
            id=alert.id,
            farm=alert.farm,
            kind=alert.kind,
            subject=AlertSubject(kind=alert.about, id=alert.about_id, name=alert.about_name),
            severity=alert.severity,
            state=alert.state,
            note=alert.note,
            text=evidence_told(alert.kind, alert.evidence, alert.expected, language),
            when=times_told(alert.since, alert.opened_at, alert.until, ZoneInfo(alert.time_zone), language),
            since=alert.since.astimezone(zone),
            opened_at=alert.opened_at.astimezone(zone),
            last_evidence_at=alert.last_evidence_at.astimezone(zone),
            until=None if alert.until is None else alert.until.astimezone(zone),
            ended_by=alert.ended_by,
            evidence=alert.evidence,
            expected=alert.expected,
            causes=_causes(alert.causes, language),
            journal=[AlertNote.of(entry, zone, language) for entry in alert.journal],
        )


class Alerts(Page):
    """A part of a farm's alerts, the one raised last first."""

    items: list[Alert]


@router.get("/farms/{farm}/alerts", response_model=Alerts)
def list_alerts(
    caller: Caller,
    farm: FarmName,
    zone: Zone,
    asked: Annotated[Asked, listing(Alert)],
    lang: InLanguage,
    *,
    state: States = None,
    kind: OneKind = None,
    start: From = None,
    to: To = None,
) -> Response:
    """List the alerts of a farm, the one raised last first."""
    refuse_backwards(start, to)
    farm_id = readable.farm(caller.connection, farm).id

    def find(connection: Connection, where: AfterId, most: int) -> Sequence[alerts.Alert]:
        return alerts.alerts(
            connection,
            farm_id,
            states=state or STATES,
            kind=kind,
            raised=(start, to),
            before=where.after,
            limit=most,
        )

    newest = AfterId(after=_LARGEST)
    answer = asked.answer(caller, Listing(newest, find, by_id, lambda alert: Alert.of(alert, zone, lang)))
    answer.headers["Vary"] = "Accept, Accept-Language"
    return answer


@router.get("/alerts/{alert}")
def get_alert(caller: Caller, alert: AlertId, zone: Zone, lang: InLanguage) -> Alert:
    """Return an alert."""
    return Alert.of(alerts.alert(caller.connection, alert), zone, lang)


def _causes(causes: Sequence[dict[str, Number]], language: Language) -> list[AlertCause]:
    texts = causes_told(list(causes), language) if causes else []
    return [
        AlertCause(code=cause["code"], text=text, numbers={name: cause[name] for name in cause if name != "code"})
        for cause, text in zip(causes, texts, strict=True)
    ]
