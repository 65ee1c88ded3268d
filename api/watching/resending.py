"""Telling again what a mailbox or webhook refused, or what waits for its next attempt."""

from http import HTTPStatus

from pydantic import Field

from api.forms.answers import Answer
from api.forms.late_routes import Router
from api.herd.changing import REFUSED_CHANGES, Administered
from api.watching.notices import ChannelId
from storage.alerting import notice_settings, notifications

router = Router(prefix="/v1/farms/{farm}/notifications", tags=["notifications"])


class Resent(Answer):
    """What is to be told again."""

    waiting: int = Field(description="Alerts of which something waits to be told.", examples=[2])


@router.post("/channels/{channel}/resend", status_code=HTTPStatus.ACCEPTED, responses=REFUSED_CHANGES)
def resend_notices(change: Administered, channel: ChannelId) -> Resent:
    """Have the node tell what was refused, or waits for its next attempt, within seconds; quiet hours still hold.

    Ask for the channel afterwards: `failures` is 0 once a message was taken, else `error` tells why it was not.
    """
    told = notice_settings.told(change.connection, change.farm_id, channel)
    waiting = notifications.tell_again(change.connection, channel)
    change.note("notices.resent", told.address)
    return Resent(waiting=waiting)
