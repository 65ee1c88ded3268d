"""Messages that were not admitted, and why."""

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Annotated, Self

from fastapi.responses import Response
from pydantic import BaseModel, Field

from api.forms.answers import Answer, Page
from api.forms.identifiers import OneFarm
from api.forms.late_routes import Router
from api.forms.lists import Asked, Listing, listing
from api.forms.times import LAST, Zone
from api.people.callers import Caller
from core.timeline import EPOCH
from storage.engine.database import Connection
from storage.evidence.refusals import Position, Refusal, refusals
from storage.herds import readable

router = Router(prefix="/v1", tags=["rejected messages"])


class RejectedMessage(Answer):
    """A message that was acknowledged and not admitted; the same one is kept once and counted."""

    key: str = Field(description="sha256 of topic, zero byte and payload, in hexadecimal digits.")
    farm: str = Field(description="The farm that the topic names.", examples=["barn"])
    topic: str = Field(examples=["animov/v1/barn/c-012/samples"])
    code: str = Field(description="Stable name of the reason.", examples=["future"])
    detail: str = Field(description="The reason, with the offending value.")
    first_received: datetime
    last_received: datetime
    count: int = Field(description="How often it came.", examples=[1])
    size: int = Field(description="Bytes of the payload.", examples=[212])

    @classmethod
    def of(cls, refusal: Refusal, zone: tzinfo) -> Self:
        """Tell a rejected message in a time zone."""
        return cls(
            key=refusal.key.hex(),
            farm=refusal.farm,
            topic=refusal.topic,
            code=refusal.code,
            detail=refusal.detail,
            first_received=refusal.first_received.astimezone(zone),
            last_received=refusal.last_received.astimezone(zone),
            count=refusal.times,
            size=refusal.size,
        )


class RejectedMessages(Page):
    """A part of the rejected messages, the latest first."""

    items: list[RejectedMessage]


class _Behind(BaseModel, extra="forbid", strict=True):
    """Where the list goes on: behind this message; microseconds since 1970 and the key in hexadecimal digits."""

    us: int = Field(ge=0, le=(LAST - EPOCH) // timedelta(microseconds=1))
    key: str = Field(pattern=r"^[0-9a-f]{64}$")

    @classmethod
    def of(cls, refusal: Refusal, _: Self) -> Self:
        """Return the position behind a message."""
        return cls(us=(refusal.last_received - EPOCH) // timedelta(microseconds=1), key=refusal.key.hex())

    def position(self) -> Position:
        """Return it as storage takes it."""
        return Position(EPOCH + timedelta(microseconds=self.us), bytes.fromhex(self.key))


_NEWEST = _Behind(us=(LAST - EPOCH) // timedelta(microseconds=1), key="f" * 64)


@router.get("/rejected", response_model=RejectedMessages)
def list_rejected(
    caller: Caller, zone: Zone, asked: Annotated[Asked, listing(RejectedMessage)], farm: OneFarm = None
) -> Response:
    """List the messages that were not admitted, the latest first."""
    if farm is not None:
        readable.farm(caller.connection, farm)

    def find(connection: Connection, where: _Behind, most: int) -> Sequence[Refusal]:
        return refusals(connection, farm=farm, after=where.position(), limit=most)

    return asked.answer(caller, Listing(_NEWEST, find, _Behind.of, lambda refusal: RejectedMessage.of(refusal, zone)))
