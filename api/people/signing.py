"""The ring of signing keys as one process knows it: read again now and then, and when a name is new to it."""

import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Final, NamedTuple

from api.people.keyring import NodeSecret, SigningKey, derive
from api.people.tokens import LIFETIME, Bearer, TokenError, bearer_of, issue, key_id_of
from core.clock import WallClock
from storage.access import signing
from storage.access.scoping import opened
from storage.access.sessions import LIVES, Kind
from storage.access.signing import Algorithm, KeyName
from storage.engine.database import Engine

_READ_AGAIN_S: Final = 60.0
_UNKNOWN_AGAIN_S: Final = 1.0  # anybody can send a token with a name that nobody knows


class _Ring(NamedTuple):
    read_at: float
    names: Mapping[str, KeyName]
    keys: Mapping[str, SigningKey]
    signs: SigningKey


class Signer:
    """Issues and checks tokens with the keys of the ring; for any number of threads."""

    def __init__(self, engine: Engine, secret: NodeSecret, algorithm: Algorithm, clock: WallClock) -> None:
        self._engine = engine
        self._secret = secret
        self._algorithm = algorithm
        self._clock = clock
        self._ring: _Ring | None = None
        self._reading = threading.Lock()

    def issue(self, bearer: Bearer, kind: Kind) -> str:
        """Return a token: of 15 minutes, or, where nothing comes after it, as long as the session."""
        key, now = self._known().signs, self._clock()
        return issue(key, bearer, now=now, lifetime=LIVES[kind].idle if kind == "single" else LIFETIME)

    def bearer_of(self, token: str) -> Bearer:
        """Return whom a token lets in.

        Raises:
            TokenError: it lets nobody in.
        """
        kid = key_id_of(token)
        ring = self._known(kid)
        now = self._clock()
        name = ring.names.get(kid)
        if name is None or (name.until is not None and name.until.timestamp() <= now):
            raise TokenError
        return bearer_of(ring.keys[kid], token, now=now)

    def counting(self) -> Iterator[SigningKey]:
        """Yield the keys with which tokens of ours may be signed, the newest first."""
        ring = self._known()
        yield from (ring.keys[kid] for kid, name in ring.names.items() if _counts(name, self._clock()))

    def _known(self, kid: str | None = None) -> _Ring:
        ring = self._ring
        if ring is not None and not self._outdated(ring, kid):
            return ring
        with self._reading:
            ring = self._ring  # another thread may have read it meanwhile
            if ring is None or self._outdated(ring, kid):
                ring = self._ring = self._read(first=ring is None)
            return ring

    def _outdated(self, ring: _Ring, kid: str | None) -> bool:
        age_s = self._clock() - ring.read_at
        unknown = kid is not None and kid not in ring.names
        return not 0 <= age_s < (_UNKNOWN_AGAIN_S if unknown else _READ_AGAIN_S)

    def _read(self, *, first: bool) -> _Ring:
        now = self._clock()
        with opened(self._engine) as connection:
            # only a start sees to the algorithm: processes with different settings would rotate without end
            names = () if first else signing.ring(connection)
            names = names or signing.ensure(connection, self._algorithm, _instant(now))
        keys = {name.kid: derive(self._secret, name.kid, name.algorithm) for name in names}
        return _Ring(now, {name.kid: name for name in names}, keys, keys[names[0].kid])


def _counts(name: KeyName, now: float) -> bool:
    return name.until is None or now < name.until.timestamp()


def _instant(now: float) -> datetime:
    return datetime.fromtimestamp(now, UTC)
