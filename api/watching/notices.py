"""Who is told of a farm's alerts, by mail or webhook, and when it wants to be left alone."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime, time, tzinfo
from http import HTTPStatus
from typing import Annotated, Any, Literal, Self

from fastapi import Path, Response
from pydantic import Field

from api.forms.answers import Answer, Page
from api.forms.identifiers import LARGEST_ID, FarmName
from api.forms.late_routes import Router
from api.forms.lists import Asked, Listing, listing
from api.forms.paging import AfterId, by_id
from api.forms.problems import contradicting, invalid_field
from api.forms.times import Zone
from api.forms.values import ONLY_DIGITS, Flag
from api.herd.changing import REFUSED_CHANGES, Administered, Body, Managed
from api.people.callers import Caller
from api.watching.reaching import InAllowed, refuse_private
from core.alert_texts import Language
from core.notice_addresses import MAILBOX, URL, fresh_secret, is_callable_url, is_mailbox
from core.problem_texts import say
from storage.alerting import notice_channels, notice_settings
from storage.alerting.notice_channels import Rule
from storage.alerting.notice_settings import Told
from storage.engine.database import Connection
from storage.herds import readable

router = Router(prefix="/v1/farms/{farm}/notifications", tags=["notifications"])

ChannelId = Annotated[
    int, Path(ge=1, le=LARGEST_ID, description="Id of somebody who is told.", examples=[2]), ONLY_DIGITS
]
LocalTime = Annotated[str, Field(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$")]


class NoticeRule(Answer):
    """How a farm wants to be told of its alerts; times are on its wall clock, HH:MM."""

    language: Language = Field(description="Of all that is said.")
    quiet_from: LocalTime | None = Field(
        description="From then on nothing is sent; null if it always may be.", examples=["22:00"]
    )
    quiet_until: LocalTime | None = Field(description="When what was held back is sent.", examples=["06:30"])
    critical_anytime: bool = Field(description="Whether critical alerts break the quiet.")
    digest_at: LocalTime | None = Field(description="When the daily digest is sent; null for none.", examples=["07:00"])

    @classmethod
    def of(cls, rule: Rule) -> Self:
        """Tell a rule."""
        fields = asdict(rule).items()
        return cls(**{name: f"{value:%H:%M}" if isinstance(value, time) else value for name, value in fields})


class ChangedRule(Body):
    """What is to be changed of how a farm is told; what is left out stays."""

    language: Language = Field(default_factory=lambda: "fr", description="Of all that is said.")
    quiet_from: LocalTime | None = Field(
        None, description="With `quiet_until`; null if it always may be.", examples=["22:00"]
    )
    quiet_until: LocalTime | None = Field(None, description="With `quiet_from`.", examples=["06:30"])
    critical_anytime: Flag = Field(default_factory=bool, description="Whether critical alerts break the quiet.")
    digest_at: LocalTime | None = Field(None, description="Null for no digest.", examples=["07:00"])


class NoticeChannel(Answer):
    """Somebody who is told of a farm's alerts."""

    id: int = Field(examples=[2])
    kind: Literal["mail", "webhook"]
    address: str = Field(examples=["marie@example.org"])
    failures: int = Field(description="Attempts in a row that failed.", examples=[0])
    error: str = Field(description="Why the last one did; empty after one that did not.")
    retry_at: datetime | None = Field(description="Not before then it is tried again.")
    sent_at: datetime | None = Field(description="When the last message was written, digests aside.")
    trial_asked_at: datetime | None = Field(description="When somebody asked last for a test message.")
    trial_ended_at: datetime | None = Field(description="When its server had answered; null until then.")
    trial_error: str = Field(description="Why the test message was not taken; empty if it was.")

    @classmethod
    def of(cls, told: Told, zone: tzinfo) -> Self:
        """Tell who is told."""
        fields = told._asdict().items()
        return cls(**{name: value.astimezone(zone) if isinstance(value, datetime) else value for name, value in fields})


class NoticeChannels(Page):
    """A part of those who are told."""

    items: list[NoticeChannel]


class NewChannel(Body):
    """Who is to be told."""

    address: str = Field(
        min_length=3,
        max_length=2000,
        description="Of a mailbox, or the URL of a webhook.",
        examples=["marie@example.org"],
        json_schema_extra={"pattern": f"^(?:{MAILBOX}|{URL})$"},
    )


class MadeChannel(NoticeChannel):
    """Somebody who is told from now on."""

    secret: str | None = Field(description="By which a webhook knows that it is us: shown this once. Null for mail.")


@router.get("")
def get_notice_rule(caller: Caller, farm: FarmName) -> NoticeRule:
    """Return how a farm wants to be told of its alerts."""
    farm_id = readable.farm(caller.connection, farm).id
    return NoticeRule.of(notice_channels.rule_of(caller.connection, farm_id))


@router.patch("", responses=REFUSED_CHANGES)
def change_notice_rule(change: Managed, wanted: ChangedRule) -> NoticeRule:
    """Say how a farm wants to be told; what is held back follows the new rule too."""
    named = {name: _time(getattr(wanted, name)) for name in wanted.model_fields_set}
    rule = replace(notice_channels.rule_of(change.connection, change.farm_id), **named)
    if (rule.quiet_from is None) != (rule.quiet_until is None):
        raise contradicting("quiet_until", "body", say("half_quiet"))
    if rule.quiet_from is not None and rule.quiet_from == rule.quiet_until:
        raise contradicting("quiet_until", "body", say("empty_quiet"))
    notice_channels.set_rule(change.connection, change.farm_id, rule)
    told = NoticeRule.of(rule)
    change.note("notices.rule_changed", f"notices of {change.farm}", told.model_dump())
    return told


@router.get("/channels", response_model=NoticeChannels)
def list_notice_channels(
    caller: Caller, farm: FarmName, zone: Zone, asked: Annotated[Asked, listing(NoticeChannel)]
) -> Response:
    """List who is told of a farm's alerts; whoever may not manage the farm sees none."""
    farm_id = readable.farm(caller.connection, farm).id

    def find(connection: Connection, where: AfterId, most: int) -> Sequence[Told]:
        return notice_settings.told_of(connection, farm_id, after=where.after, limit=most)

    return asked.answer(caller, Listing(AfterId(after=0), find, by_id, lambda told: NoticeChannel.of(told, zone)))


@router.get("/channels/{channel}", responses=REFUSED_CHANGES)
def get_notice_channel(caller: Caller, farm: FarmName, channel: ChannelId, zone: Zone) -> NoticeChannel:
    """Return one of those who are told, and what came of the last test message."""
    farm_id = readable.farm(caller.connection, farm).id
    return NoticeChannel.of(notice_settings.told(caller.connection, farm_id, channel), zone)


@router.post("/channels", status_code=HTTPStatus.CREATED, responses=REFUSED_CHANGES)
def create_notice_channel(
    change: Administered, wanted: NewChannel, zone: Zone, response: Response, allowed: InAllowed
) -> MadeChannel:
    """Tell somebody of a farm's alerts, of those that begin from now on."""
    is_mail = is_mailbox(wanted.address)
    if not is_mail and not is_callable_url(wanted.address):
        raise invalid_field("address", "body", say("no_address"))
    kind: notice_channels.Kind = "mail" if is_mail else "webhook"
    if not is_mail:
        refuse_private(wanted.address, allowed)
    secret = "" if is_mail else fresh_secret()
    made = notice_channels.add_channel(change.connection, change.farm_id, kind, wanted.address, secret)
    change.note("notices.channel_added", wanted.address)
    response.headers["Location"] = change.path("notifications", "channels", made)
    told = notice_settings.told(change.connection, change.farm_id, made)
    return MadeChannel(**NoticeChannel.of(told, zone).model_dump(), secret=secret or None)


@router.delete("/channels/{channel}", status_code=HTTPStatus.NO_CONTENT, responses=REFUSED_CHANGES)
def delete_notice_channel(change: Administered, channel: ChannelId) -> None:
    """Tell somebody nothing more, also of what waits."""
    told = notice_settings.told(change.connection, change.farm_id, channel)
    notice_settings.remove(change.connection, channel)
    change.note("notices.channel_removed", told.address)


@router.post("/channels/{channel}/test", status_code=HTTPStatus.ACCEPTED, responses=REFUSED_CHANGES)
def test_notice_channel(change: Administered, channel: ChannelId, zone: Zone) -> NoticeChannel:
    """Have the node send a test message now, whatever the hour; ask for the channel to see what came of it."""
    told = notice_settings.told(change.connection, change.farm_id, channel)
    notice_settings.ask_trial(change.connection, channel)
    change.note("notices.test_asked", told.address)
    return NoticeChannel.of(notice_settings.told(change.connection, change.farm_id, channel), zone)


def _time(given: Any) -> Any:
    return time.fromisoformat(given) if isinstance(given, str) and ":" in given else given
