"""The API as whoever logged in sees it: a few verbs, JSON in and out, and three ways in which it can go wrong."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from threading import Lock
from typing import Any, Final
from urllib.parse import quote

import httpx2

from core.alert_texts import Language
from core.errors import AnimovError

TIMEOUT_S: Final = 30.0
"""Longer than the API lets a statement of its database take."""

_CONNECTING_S: Final = 5.0
_PAGE: Final = 2000


class SignedOutError(AnimovError):
    """Whoever asks is not logged in, or no longer."""

    def __init__(self) -> None:
        super().__init__("the session is over: log in again")


class AwayError(AnimovError):
    """The API does not answer, or can't answer now."""

    def __init__(self) -> None:
        super().__init__("the API does not answer")


class RefusedError(AnimovError):
    """The API refused what was asked for.

    Attributes:
        detail: Why, in the language of whoever asks.
        errors: The same for each field that is at fault, by name.
        faults: All that is at fault, where a field is at fault more than once, as in a list of many lines.
        status: Of HTTP.
        kind: The last part of the problem's type, such as `conflict`.
    """

    def __init__(
        self, detail: str, errors: Mapping[str, str], *, status: int, kind: str, faults: Sequence[str] = ()
    ) -> None:
        super().__init__(detail)
        self.detail, self.errors, self.status, self.kind, self.faults = detail, errors, status, kind, faults


@dataclass(slots=True)
class Login:
    """What lets somebody in; its tokens are renewed as the API asks for it, once for all who share it."""

    line: httpx2.Client
    name: str
    access: str
    renewing: str
    lock: Lock = field(default_factory=Lock)

    def renew(self, stale: str) -> None:
        """Get new tokens, unless somebody did since the stale one was read.

        Raises:
            SignedOutError: the login is over.
        """
        with self.lock:
            if self.access != stale:
                return
            answer = _sent(self.line, "POST", "/v1/refresh", json={"refresh_token": self.renewing})
            if answer.status_code == HTTPStatus.UNAUTHORIZED:
                raise SignedOutError
            self._take(_checked(answer).json())

    def _take(self, tokens: Mapping[str, Any]) -> None:
        self.access, self.renewing = tokens["access_token"], tokens["refresh_token"]


def line_to(api: str) -> httpx2.Client:
    """Return what asks the API at an address, for all who log in; environment proxies do not stand between."""
    timeout = httpx2.Timeout(TIMEOUT_S, connect=_CONNECTING_S)
    return httpx2.Client(base_url=api, timeout=timeout, trust_env=False)


def log_in(line: httpx2.Client, name: str, password: str, language: Language) -> Login:
    """Exchange a name and a password for a login.

    Raises:
        RefusedError: they are wrong (401), or there were too many tries (429).
        AwayError: nobody answers.
    """
    known = {"username": name, "password": password}
    answer = _sent(line, "POST", "/v1/login", json=known, headers={"Accept-Language": language})
    tokens = _checked(answer).json()
    return Login(line, name, tokens["access_token"], tokens["refresh_token"])


def choose_password(line: httpx2.Client, code: str, password: str, language: Language) -> None:
    """Choose a password with a code that an administrator passed on.

    Raises:
        RefusedError: the code is not valid any longer (401), the password is too short, or there were too many tries.
        AwayError: nobody answers.
    """
    chosen = {"code": code, "password": password}
    _checked(_sent(line, "POST", "/v1/password", json=chosen, headers={"Accept-Language": language}))


@dataclass(frozen=True, slots=True)
class Api:
    """The routes below `/v1`, asked by somebody in a language.

    Paths are given without `/v1` and may hold values: `api.get("/farms/{}/models", farm)`. Keywords are parameters of
    the query; those that are None are left out, `from_` is `from`.

    Every method raises `SignedOutError`, `AwayError` or `RefusedError`.
    """

    login: Login
    language: Language

    def get(self, path: str, *values: object, **query: Any) -> Any:
        """Return what is there."""
        return self._asked("GET", path, values, query).json()

    def items(self, path: str, *values: object, **query: Any) -> Iterator[Any]:
        """Yield the items of a list, however many parts it comes in."""
        query = {"limit": _PAGE} | query
        while True:
            part = self.get(path, *values, **query)
            yield from part["items"]
            if part["next"] is None:
                return
            query["cursor"] = part["next"]

    def download(self, path: str, *values: object, **query: Any) -> bytes:
        """Return a file as it comes."""
        return self._asked("GET", path, values, query).content

    def post(self, path: str, *values: object, body: Any = None, **query: Any) -> Any:
        """Have something made or done; return what the API tells of it, None if nothing."""
        return _told(self._asked("POST", path, values, query, body))

    def put(self, path: str, *values: object, body: Any = None, **query: Any) -> Any:
        """Say how something shall be."""
        return _told(self._asked("PUT", path, values, query, body))

    def patch(self, path: str, *values: object, body: Any, **query: Any) -> Any:
        """Change members of something."""
        return _told(self._asked("PATCH", path, values, query, body))

    def delete(self, path: str, *values: object, **query: Any) -> None:
        """Have something gone."""
        self._asked("DELETE", path, values, query)

    def upload(self, path: str, *values: object, content: bytes, **query: Any) -> Any:
        """Hand in a table in the manner of CSV."""
        return _told(self._asked("POST", path, values, query, content))

    def log_out(self) -> None:
        """End the login, also if its access token is over."""
        _checked(_sent(self.login.line, "POST", "/v1/logout", json={"refresh_token": self.login.renewing}))

    def _asked(
        self, method: str, path: str, values: tuple[object, ...], query: Mapping[str, Any], body: Any = None
    ) -> httpx2.Response:
        place = "/v1" + path.format(*(quote(str(value), safe="") for value in values))
        wanted = {name.rstrip("_"): value for name, value in query.items() if value is not None}
        access = self.login.access
        answer = self._once(method, place, wanted, body, access)
        if answer.status_code == HTTPStatus.UNAUTHORIZED:
            self.login.renew(access)
            answer = self._once(method, place, wanted, body, self.login.access)
        if answer.status_code == HTTPStatus.UNAUTHORIZED:
            raise SignedOutError
        return _checked(answer)

    def _once(self, method: str, place: str, query: Mapping[str, Any], body: Any, access: str) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {access}", "Accept-Language": self.language}
        if isinstance(body, bytes):
            headers |= {"Content-Type": "text/csv"}
            return _sent(self.login.line, method, place, params=query, content=body, headers=headers)
        return _sent(self.login.line, method, place, params=query, json=body, headers=headers)


def _sent(line: httpx2.Client, method: str, place: str, **what: Any) -> httpx2.Response:
    try:
        return line.request(method, place, **what)
    except httpx2.TransportError:
        raise AwayError from None


def _checked(answer: httpx2.Response) -> httpx2.Response:
    if answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
        raise AwayError
    if answer.is_error:
        raise _refusal(answer)
    return answer


def _refusal(answer: httpx2.Response) -> RefusedError:
    try:
        told = answer.json()
    except ValueError:  # whatever stands between us and the API
        told = {}
    faults = [(fault["field"], fault["message"]) for fault in told.get("errors", ())]
    kind = str(told.get("type", "")).rpartition(":")[2]
    detail = str(told.get("detail") or answer.reason_phrase)
    messages = [message for _, message in faults]
    return RefusedError(detail, dict(faults), status=answer.status_code, kind=kind, faults=messages)


def _told(answer: httpx2.Response) -> Any:
    return answer.json() if answer.content else None
