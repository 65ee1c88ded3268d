"""How a farm wants to be told of its alerts, and who is told.

Functions take an open transaction and never commit.
"""

from dataclasses import asdict, dataclass, field
from datetime import datetime, time
from typing import Final, Literal

from sqlalchemy import Connection, text

from core.alert_texts import Language
from core.errors import ConflictError, NotFoundError
from core.problem_texts import say

Kind = Literal["mail", "webhook"]


@dataclass(frozen=True, slots=True)
class Rule:
    """How a farm wants to be told; its times are on its wall clock.

    Attributes:
        language: Of all that is said.
        quiet_from: From then on nothing is sent; `None` if it may always be.
        quiet_until: When what was held back is sent, on the next day where it is earlier; `None` as `quiet_from`.
        critical_anytime: Whether critical alerts break the quiet.
        digest_at: When the daily digest is sent; `None` for none.
    """

    language: Language = "fr"
    quiet_from: time | None = None
    quiet_until: time | None = None
    critical_anytime: bool = False
    digest_at: time | None = time(7)


@dataclass(frozen=True, slots=True)
class Channel:
    """Somebody who is told of a farm's alerts.

    Attributes:
        id: Its key.
        farm_id: The farm.
        kind: How.
        address: Of a mailbox, or the URL of a webhook.
        secret: Key by which a webhook knows that it is us; empty for mail.
        failures: Attempts in a row that failed.
        error: Why the last one did; empty after one that did not.
        retry_at: Not before then it is tried again, on the wall.
        sent_at: When the last message was written, digests aside, on the node's clock; `None` before the first.
    """

    id: int
    farm_id: int
    kind: Kind
    address: str
    secret: str = field(repr=False)
    failures: int
    error: str
    retry_at: datetime | None
    sent_at: datetime | None


_RULE: Final = text("""
SELECT language, quiet_from, quiet_until, critical_anytime, digest_at FROM notice_rule WHERE farm_id = :farm
""")
_SET_RULE: Final = text("""
INSERT INTO notice_rule (farm_id, language, quiet_from, quiet_until, critical_anytime, digest_at)
VALUES (:farm, :language, :quiet_from, :quiet_until, :critical_anytime, :digest_at)
ON CONFLICT (farm_id) DO UPDATE SET (language, quiet_from, quiet_until, critical_anytime, digest_at)
  = ROW(excluded.language, excluded.quiet_from, excluded.quiet_until, excluded.critical_anytime, excluded.digest_at)
""")


def rule_of(connection: Connection, farm_id: int) -> Rule:
    """Return how a farm wants to be told."""
    row = connection.execute(_RULE, {"farm": farm_id}).one_or_none()
    return Rule() if row is None else Rule(*row)


def set_rule(connection: Connection, farm_id: int, rule: Rule) -> None:
    """Say how a farm wants to be told; what is held back follows the new rule too."""
    connection.execute(_SET_RULE, {"farm": farm_id, **asdict(rule)})


_SELECT: Final = """
SELECT id, farm_id, kind, address, secret, failures, error, retry_at, sent_at FROM notice_channel
"""


def channels_of(connection: Connection, farm_id: int) -> list[Channel]:
    """Return who is told of a farm's alerts, by address."""
    rows = connection.execute(text(_SELECT + "WHERE farm_id = :farm ORDER BY address"), {"farm": farm_id})
    return [Channel(*row) for row in rows]


def find_channel(connection: Connection, farm_id: int, address: str) -> Channel:
    """Return who is told at an address.

    Raises:
        NotFoundError: it is not told of this farm's alerts.
    """
    found = [one for one in channels_of(connection, farm_id) if one.address == address]
    if not found:
        raise NotFoundError("address among those who are told", address)
    return found[0]


def channel(connection: Connection, channel_id: int) -> Channel | None:
    """Return one of them; `None` if it was removed."""
    row = connection.execute(text(_SELECT + "WHERE id = :id"), {"id": channel_id}).one_or_none()
    return None if row is None else Channel(*row)


_ADD: Final = text("""
INSERT INTO notice_channel (farm_id, kind, address, secret) VALUES (:farm, :kind, :address, :secret)
ON CONFLICT DO NOTHING RETURNING id
""")


def add_channel(connection: Connection, farm_id: int, kind: Kind, address: str, secret: str = "") -> int:
    """Tell somebody of a farm's alerts, of those that begin from now on.

    Raises:
        ConflictError: that address is told already.
    """
    told = {"farm": farm_id, "kind": kind, "address": address, "secret": secret}
    channel_id = connection.execute(_ADD, told).scalar()
    if channel_id is None:
        raise ConflictError(say("address_told", address=address))
    return int(channel_id)


def remove_channel(connection: Connection, farm_id: int, address: str) -> None:
    """Tell an address nothing more, also of what waits for it.

    Raises:
        NotFoundError: it is not told of this farm's alerts.
    """
    told = find_channel(connection, farm_id, address)
    connection.execute(text("DELETE FROM notice_channel WHERE id = :id"), {"id": told.id})
