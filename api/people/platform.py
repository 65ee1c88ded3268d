"""A caller who is a platform administrator: found out before anybody looks at a body."""

from typing import Annotated

from fastapi import Depends

from api.people.callers import Caller
from api.people.permits import permit_platform
from storage.access.scoping import Scope


def _platform(caller: Caller) -> Scope:
    permit_platform(caller)
    return caller


PlatformCaller = Annotated[Scope, Depends(_platform)]
