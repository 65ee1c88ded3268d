"""Brings a Grafana server to hold what is wanted, through its HTTP API: asks first, writes only what differs."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from typing import TYPE_CHECKING, Any, Final

from core.errors import UnavailableError
from dashboards.style import Json
from dashboards.wanted import Wanted

if TYPE_CHECKING:
    from grafana_client import GrafanaApi

_MISSING: Final = 404
_NOT_ACCEPTABLE: Final = 406
"""Of a dashboard that somebody saved in Grafana 13: it is kept in a form that this API tells to nobody."""

_TIMEOUT_S: Final = 20.0


@dataclass(frozen=True, slots=True)
class Difference:
    """What is wanted, and what was found in its place; nothing if it is not there."""

    wanted: Wanted
    found: Json | None

    def told(self) -> str:
        """Return the difference line by line, as `diff -u` writes it."""
        before = [] if self.found is None else _lines(_same_keys(self.found, self.wanted.value))
        name = f"{self.wanted.kind} {self.wanted.uid}"
        return "\n".join(
            unified_diff(before, _lines(self.wanted.value), f"{name} (there)", f"{name} (wanted)", "", "", 1, "")
        )


def open_grafana(url: str, token: str) -> "GrafanaApi":
    """Return a client of a server.

    Raises:
        UnavailableError: the client is not installed.
    """
    try:
        from grafana_client import GrafanaApi  # noqa: PLC0415 - an extra of its own
    except ImportError:
        raise UnavailableError("dashboards are pushed by grafana-client: uv sync --extra grafana") from None
    return GrafanaApi.from_url(url if url.endswith("/") else url + "/", credential=token.strip(), timeout=_TIMEOUT_S)


def differences(api: "GrafanaApi", things: Sequence[Wanted], *, renew: bool = False) -> Iterator[Difference]:
    """Tell which things a server does not hold as they are wanted, without changing anything.

    What the server adds of its own, such as ids, versions and defaults, is no difference.

    Args:
        api: The server.
        things: As `wanted` returns them.
        renew: Whether the data source is to be written whatever it is, since its role has yet to be made.

    Raises:
        UnavailableError: it does not answer, is no Grafana, or refuses.
    """
    health = _found(api.health.check)
    if not isinstance(health, dict) or "database" not in health:  # others answer as if nothing were there yet
        raise UnavailableError("what answers there is no Grafana")
    for thing in things:
        found = _found(lambda thing=thing: _READ[thing.kind](api, thing))  # type: ignore[misc]  # bound at once
        if found is None or not _holds(found, thing.value) or (renew and thing.kind == "data source"):
            yield Difference(thing, found)


def push(
    api: "GrafanaApi", things: Sequence[Wanted], new_password: Callable[[], str], *, renew: bool = False
) -> list[Difference]:
    """Write what differs; return it. A second time there is nothing to write.

    Args:
        api: The server.
        things: As `wanted` returns them.
        new_password: Makes one for the role of the data source; asked only where this is written.
        renew: As `differences` has it.
    """
    written = []
    for one in differences(api, things, renew=renew):
        secret = new_password() if one.wanted.kind == "data source" else ""
        _asked(lambda one=one, secret=secret: _WRITE[one.wanted.kind](api, one, secret))  # type: ignore[misc]  # as above
        written.append(one)
    return written


def _asked(ask: Callable[[], Any]) -> Any:
    from grafana_client.client import GrafanaException  # noqa: PLC0415 - an extra of its own
    from requests import RequestException  # noqa: PLC0415 - what the client raises where nobody answers

    try:
        return ask()
    except GrafanaException as error:
        raise UnavailableError(f"Grafana refuses: {error.status_code} {error.response}") from error
    except RequestException as error:
        raise UnavailableError(f"Grafana does not answer: {error}") from error


def _found(ask: Callable[[], Any]) -> Any:
    """Return an answer; `None` where there is no such thing, and nothing of one that can't be told."""
    from grafana_client.client import GrafanaException  # noqa: PLC0415 - as above

    def lenient() -> Any:
        try:
            return ask()
        except GrafanaException as error:
            if error.status_code == _MISSING:
                return None
            if error.status_code == _NOT_ACCEPTABLE:
                return {}
            raise

    return _asked(lenient)


def _read_folder(api: "GrafanaApi", thing: Wanted) -> Any:
    return api.folder.get_folder(thing.uid)


def _write_folder(api: "GrafanaApi", one: Difference, _secret: str) -> Any:
    title = one.wanted.value["title"]
    if one.found is None:
        return api.folder.create_folder(title, uid=one.wanted.uid)
    return api.folder.update_folder(one.wanted.uid, title=title, version=one.found.get("version"), overwrite=True)


def _read_source(api: "GrafanaApi", thing: Wanted) -> Any:
    return api.datasource.get_datasource_by_uid(thing.uid)


def _write_source(api: "GrafanaApi", one: Difference, secret: str) -> Any:
    value = {**one.wanted.value, "secureJsonData": {"password": secret}}
    if one.found is None:
        return api.datasource.create_datasource(value)
    return api.datasource.update_datasource_by_uid(one.wanted.uid, value)


def _read_board(api: "GrafanaApi", thing: Wanted) -> Any:
    found = api.dashboard.get_dashboard(thing.uid)
    board = found["dashboard"]  # which a newer server may tell in a later version of the schema than it was written in
    board["schemaVersion"] = min(board.get("schemaVersion", 0), thing.value["dashboard"]["schemaVersion"])
    return found


def _write_board(api: "GrafanaApi", one: Difference, _secret: str) -> Any:
    value = one.wanted.value
    told = {"folderUid": value["meta"]["folderUid"], "overwrite": True, "message": "animov dashboards push"}
    return api.dashboard.update_dashboard({"dashboard": {**value["dashboard"], "id": None}, **told})


def _read_contact(api: "GrafanaApi", thing: Wanted) -> Any:
    found = api.alertingprovisioning.get_contactpoints()
    return next((one for one in found if one["uid"] == thing.uid), None)


def _write_contact(api: "GrafanaApi", one: Difference, _secret: str) -> Any:
    if one.found is None:
        return api.alertingprovisioning.create_contactpoint(one.wanted.value)
    return api.alertingprovisioning.update_contactpoint(one.wanted.uid, one.wanted.value)


def _read_rules(api: "GrafanaApi", thing: Wanted) -> Any:
    return api.alertingprovisioning.get_rule_group(*thing.uid.split("/"))


def _write_rules(api: "GrafanaApi", one: Difference, _secret: str) -> Any:
    return api.alertingprovisioning.update_rule_group(*one.wanted.uid.split("/"), one.wanted.value)


_READ: Final[dict[str, Callable[["GrafanaApi", Wanted], Any]]] = {
    "folder": _read_folder,
    "data source": _read_source,
    "dashboard": _read_board,
    "contact point": _read_contact,
    "rules": _read_rules,
}
_WRITE: Final[dict[str, Callable[["GrafanaApi", Difference, str], Any]]] = {
    "folder": _write_folder,
    "data source": _write_source,
    "dashboard": _write_board,
    "contact point": _write_contact,
    "rules": _write_rules,
}


def _holds(found: Any, wanted: Any) -> bool:
    """Tell whether all that is wanted was found; items of lists one by one, and none more than wanted."""
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(_holds(found.get(key), value) for key, value in wanted.items())
    if isinstance(wanted, list):
        same = isinstance(found, list) and len(found) == len(wanted)
        return same and all(_holds(one, other) for one, other in zip(found, wanted, strict=True))
    return bool(found == wanted)


def _same_keys(found: Any, wanted: Any) -> Any:
    """Return what was found without what nobody asked for, so that a difference shows nothing else."""
    if isinstance(found, dict) and isinstance(wanted, dict):
        return {key: _same_keys(value, wanted[key]) for key, value in found.items() if key in wanted}
    if isinstance(found, list) and isinstance(wanted, list):
        beside = [*wanted, *[None] * (len(found) - len(wanted))]
        return [_same_keys(one, other) for one, other in zip(found, beside, strict=False)]
    return found


def _lines(value: Json) -> list[str]:
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True).splitlines()
