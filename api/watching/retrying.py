"""One rejected message with its payload, and having it tried again by the node."""

from base64 import b64encode
from datetime import datetime, tzinfo
from http import HTTPStatus
from typing import Annotated, Self

from fastapi import Path
from pydantic import Field

from api.forms.late_routes import Router
from api.forms.times import Zone
from api.herd.changing import REFUSED_CHANGES
from api.people.callers import Caller
from api.people.permits import permit
from api.watching.rejected import RejectedMessage
from core.errors import NotFoundError
from storage.access import audit
from storage.evidence.refusals import WholeRefusal, ask_retry, refusal
from storage.herds import readable

router = Router(prefix="/v1/rejected", tags=["rejected messages"])

Key = Annotated[str, Path(pattern="^[0-9a-f]{64}$", description="Key of a message, as listed.", examples=["3f" * 32])]


class WholeRejectedMessage(RejectedMessage):
    """A rejected message with its payload, and what came of trying it again."""

    payload: str = Field(description="Its first 64 KiB, in base64.", examples=["eyJ0IjogMX0="])
    text: str | None = Field(description="The same as text; null where it is none.", examples=['{"t": 1}'])
    retry_asked_at: datetime | None = Field(description="When somebody asked last that it be tried again.")
    retried_at: datetime | None = Field(
        description="When it was tried again last, in vain; what is admitted is no longer here."
    )

    @classmethod
    def of_whole(cls, whole: WholeRefusal, zone: tzinfo) -> Self:
        """Tell a rejected message in a time zone."""
        asked, tried = whole.retry_asked_at, whole.retried_at
        return cls(
            **RejectedMessage.of(whole.refusal, zone).model_dump(),
            payload=b64encode(whole.payload).decode(),
            text=_text(whole.payload),
            retry_asked_at=None if asked is None else asked.astimezone(zone),
            retried_at=None if tried is None else tried.astimezone(zone),
        )


@router.get("/{key}")
def get_rejected(caller: Caller, key: Key, zone: Zone) -> WholeRejectedMessage:
    """Return a rejected message with its payload; once it is admitted it is not there any more."""
    return WholeRejectedMessage.of_whole(refusal(caller.connection, bytes.fromhex(key)), zone)


@router.post("/{key}/retry", status_code=HTTPStatus.ACCEPTED, responses=REFUSED_CHANGES)
def retry_rejected(caller: Caller, key: Key, zone: Zone) -> WholeRejectedMessage:
    """Have a message tried again, as received when it last came; the node does so within seconds.

    Ask for the message afterwards: it is gone if it was admitted, else `retried_at` is later than `retry_asked_at`.
    """
    wanted = bytes.fromhex(key)
    known = refusal(caller.connection, wanted).refusal
    farm_id = readable.farm(caller.connection, known.farm).id
    permit(caller, farm_id, "manager")
    if not ask_retry(caller.connection, wanted):
        raise NotFoundError("rejected message", key)
    audit.note(caller, farm_id, "rejected.retried", f"rejected message {key}")
    return WholeRejectedMessage.of_whole(refusal(caller.connection, wanted), zone)


def _text(payload: bytes) -> str | None:
    try:
        return payload.decode()
    except UnicodeDecodeError:
        return None
