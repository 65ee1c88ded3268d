"""What a caller may do. A farm that is not the caller's is never there at all: this is about those that are."""

from http import HTTPStatus
from typing import Any, Final

from api.forms.problems import ProblemError
from api.forms.refusals import refusal
from core.problem_texts import Said, say
from storage.access.api_keys import KeyScope
from storage.access.scoping import Scope
from storage.access.users import Role

REFUSALS: Final[dict[int | str, dict[str, Any]]] = {403: refusal("You see it, and may not do this.")}
"""What the description of a route that permits says of it."""

NAME_TAKEN: Final[dict[int | str, dict[str, Any]]] = {409: refusal("The name is taken, or an end is over already.")}
"""What the description of a route that makes something with a name says of it."""

END_OVER: Final[dict[int | str, dict[str, Any]]] = {409: refusal("The end is over already.")}
"""What the description of a route that sets an end says of it."""


def permit(caller: Scope, farm_id: int, role: Role) -> None:
    """Refuse a caller who may do less on a farm than a role.

    Raises:
        ProblemError: 403, `forbidden`.
    """
    if not caller.may(farm_id, role):
        raise forbidden(say("role_needed", role=role))


def permit_platform(caller: Scope) -> None:
    """Refuse everybody but platform administrators.

    Raises:
        ProblemError: 403, `forbidden`.
    """
    if not caller.platform:
        raise forbidden(say("platform_needed"))


def permit_readings(caller: Scope, farm_id: int) -> None:
    """Refuse a caller who may not send readings of a farm: a key without that scope, a person who does not manage it.

    Raises:
        ProblemError: 403, `forbidden`.
    """
    if caller.scopes is None:
        permit(caller, farm_id, "manager")
    permit_scope(caller, "readings")


def permit_scope(caller: Scope, scope: KeyScope) -> None:
    """Refuse a key that lacks a scope; whoever may write may read. People are not limited by scopes.

    Raises:
        ProblemError: 403, `forbidden`.
    """
    enough = {scope, "write"} if scope == "read" else {scope}
    if caller.scopes is not None and not enough & caller.scopes:
        raise forbidden(say("scope_needed", scope=scope))


def person_of(caller: Scope) -> int:
    """Return the id of the person who asks.

    Raises:
        ProblemError: 403, `forbidden`: it is a key.
    """
    if caller.user_id is None:
        raise forbidden(say("person_needed"))
    return caller.user_id


def forbidden(detail: Said) -> ProblemError:
    """Return the refusal of somebody who is known and may not do this."""
    return ProblemError(HTTPStatus.FORBIDDEN, "forbidden", detail)


def unauthorized(detail: Said) -> ProblemError:
    """Return the refusal of somebody who is not known."""
    return ProblemError(HTTPStatus.UNAUTHORIZED, "unauthorized", detail, headers={"WWW-Authenticate": "Bearer"})
