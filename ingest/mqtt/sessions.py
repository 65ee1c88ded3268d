"""What outlives a connection: identifiers of QoS 2 messages, and wills that wait (MQTT 5.0, sections 3.1.2.5 and 4.1).

There are no subscriptions and no queues here, so a session is next to nothing; but it is kept, because some clients
(Paho C among them) throw away what is not acknowledged when they are told that their session is gone.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf
from typing import Final

from ingest.mqtt.connect import Will

KEPT_S: Final = 3600
"""Longest life of a session after its connection, in seconds; a client of MQTT 5.0 is told."""

KEPT_SESSIONS: Final = 10_000
"""Most sessions that wait for their client; beyond that the one that has waited longest ends."""


@dataclass(slots=True)
class Session:
    """One client's state.

    Attributes:
        pending: QoS 2 packet identifiers that were read and are not committed.
        committed: QoS 2 packet identifiers that are committed and wait for PUBREL.
        expiry_s: Seconds that the session outlives its connection.
        will: What is to be delivered at `will_at`, or when the session ends.
        ends_at: Loop time at which the session ends.
    """

    client_id: str
    pending: set[int] = field(default_factory=set)
    committed: set[int] = field(default_factory=set)
    expiry_s: int = 0
    will: Will | None = None
    will_at: float = inf
    ends_at: float = inf


class Sessions:
    """The sessions whose client is away."""

    def __init__(self, deliver: Callable[[Will], None]) -> None:
        """Start without any; `deliver` is given each will when it is due."""
        self._deliver = deliver
        self._away: dict[str, Session] = {}

    def resume(self, client_id: str, *, clean: bool) -> tuple[Session, bool]:
        """Return the session of a client that has come back, and whether it is an old one."""
        session = self._away.pop(client_id, None)
        if session is not None and not clean:
            session.will = None
            return session, True
        if session is not None:
            self._send_will(session)
        return Session(client_id), False

    def leave(self, session: Session, will: Will | None, now: float) -> None:
        """Keep the session of a client that has gone, as long as it is to live; `now` is loop time."""
        session.will = will
        if not session.expiry_s or (will and not will.delay_s):
            self._send_will(session)
        if not session.expiry_s:
            return
        session.will_at = now + will.delay_s if will else inf
        session.ends_at = now + session.expiry_s
        self._away[session.client_id] = session
        if len(self._away) > KEPT_SESSIONS:
            self._send_will(self._away.pop(next(iter(self._away))))

    def sweep(self, now: float) -> None:
        """Deliver the wills that are due and end the sessions whose life is over; `now` is loop time."""
        for session in [away for away in self._away.values() if min(away.will_at, away.ends_at) <= now]:
            self._send_will(session)
            if session.ends_at <= now:
                del self._away[session.client_id]

    def _send_will(self, session: Session) -> None:
        will, session.will, session.will_at = session.will, None, inf
        if will is not None:
            self._deliver(will)
