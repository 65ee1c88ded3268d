"""What a caller may do. A farm that is not the caller's is never there at all: this is about those that are."""

from http import HTTPStatus

from api.forms.problems import ProblemError
from storage.scoping import Scope
from storage.users import Role


def permit(caller: Scope, farm_id: int, role: Role) -> None:
    """Refuse a caller who may do less on a farm than a role.

    Raises:
        ProblemError: 403, `forbidden`.
    """
    if not caller.may(farm_id, role):
        raise forbidden(f"this needs the role {role} on the farm")


def permit_platform(caller: Scope) -> None:
    """Refuse everybody but platform administrators.

    Raises:
        ProblemError: 403, `forbidden`.
    """
    if not caller.platform:
        raise forbidden("this is for platform administrators")


def forbidden(detail: str) -> ProblemError:
    """Return the refusal of somebody who is known and may not do this."""
    return ProblemError(HTTPStatus.FORBIDDEN, "forbidden", detail)
