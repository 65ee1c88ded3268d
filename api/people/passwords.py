"""Passwords: hashed with argon2, in a few threads of their own, with the same work whoever asks."""

import asyncio
import secrets
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, NamedTuple

from pwdlib import PasswordHash
from pwdlib.exceptions import PwdlibError
from pwdlib.hashers.argon2 import Argon2Hasher

from core.errors import AnimovError

SHORTEST: Final = 8
LONGEST: Final = 1024
"""Bounds of a password, in characters."""

THREADS: Final = 2
"""Hashes computed at a time: each takes 64 MiB and a whole core, and the API has other things to do."""


class PasswordError(AnimovError):
    """A password is not fit for use."""


class Verdict(NamedTuple):
    """Whether a password was right; `renewed` is its hash by today's parameters, where the stored one is older."""

    right: bool
    renewed: str | None


WRONG: Final = Verdict(right=False, renewed=None)


def argon2() -> PasswordHash:
    """Return the hash in use: argon2id with the library's recommended parameters."""
    return PasswordHash((Argon2Hasher(),))


def hash_password(password: str) -> str:
    """Return the hash of a new password, salt and parameters included.

    Raises:
        PasswordError: it is too short or too long.
    """
    _refuse_unfit(password)
    return argon2().hash(password)


def _refuse_unfit(password: str) -> None:
    if not SHORTEST <= len(password) <= LONGEST:
        raise PasswordError(f"a password has {SHORTEST} to {LONGEST} characters, not {len(password)}")


class Verifier:
    """Checks passwords in threads of its own, so that logins never hold up other requests; closed by its maker.

    A name that nobody has costs the same work as a wrong password: it is checked against a decoy.
    """

    def __init__(self, hasher: PasswordHash) -> None:
        self._hasher = hasher
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="password")
        self._decoy: Future[str] | None = None

    async def verify(self, password: str, stored: str | None) -> Verdict:
        """Check a password against a stored hash; `None`, for want of a person, is always wrong."""
        if self._decoy is None:  # made at the first login, for whoever that is, and not at each start
            self._decoy = self._threads.submit(self._hasher.hash, secrets.token_urlsafe())
        decoy = await asyncio.wrap_future(self._decoy)
        loop = asyncio.get_running_loop()
        tried = password[:LONGEST]
        verdict = await loop.run_in_executor(self._threads, _check, self._hasher, tried, stored or decoy)
        return verdict if stored is not None and tried == password else WRONG

    async def hash(self, password: str) -> str:
        """Return the hash of a new password.

        Raises:
            PasswordError: it is too short or too long.
        """
        _refuse_unfit(password)
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._hasher.hash, password)

    def close(self) -> None:
        """Let go of the threads; checks that have not begun are dropped."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _check(hasher: PasswordHash, password: str, stored: str) -> Verdict:
    try:
        return Verdict(*hasher.verify_and_update(password, stored))
    except (PwdlibError, UnicodeEncodeError):  # a stored hash that is none, or text that is none, lets nobody in
        return WRONG
