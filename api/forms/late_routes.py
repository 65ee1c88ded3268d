"""Routes that the framework looks into when they are first asked for, or described.

It takes milliseconds for each to read the parameters and the answers of a function and all that it depends on: more
than all else that a start does, and most routes are not asked for soon, or ever.
"""

from collections.abc import Callable, Mapping
from functools import partial
from threading import RLock
from typing import Any, Final

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.routing import compile_path

_LOOKING: Final = RLock()
"""Held while a route is looked into: the framework mutes warnings meanwhile, which is not safe in two threads."""


_OF_PATHS: Final = {"path_regex", "path_format", "param_convertors"}
"""What a request needs of each route to find its own."""


class LateRoute(APIRoute):
    """A route that knows its path and its methods, and learns the rest when it is needed.

    Attributes:
        told: What was said of it besides path and function.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **told: Any) -> None:
        self.path, self.endpoint, self.told = path, endpoint, told
        self.name = told["name"] or endpoint.__name__
        self.methods = {method.upper() for method in told["methods"]}
        self.include_in_schema = told["include_in_schema"]

    def __getattr__(self, name: str) -> Any:
        """Learn the rest; called for what is not known yet."""
        if name in _OF_PATHS:
            self.path_regex, self.path_format, self.param_convertors = compile_path(self.path)
        else:
            self.look()
        return object.__getattribute__(self, name)

    def look(self) -> None:
        """Look into it now, if nobody has."""
        with _LOOKING:
            if "app" not in vars(self):  # which is known last
                super().__init__(self.path, self.endpoint, **self.told)


Router: Final = partial(APIRouter, route_class=LateRoute)
"""Collects routes for an application."""


def adopt(parent: APIRouter, child: APIRouter, responses: Mapping[int | str, dict[str, Any]] | None = None) -> None:
    """Serve the routes of one router by another, which adds what it says of all its routes.

    Args:
        parent: Has a prefix only if that is to stand before those of the child.
        child: Made by `Router`.
        responses: What all these routes may answer besides what is said of each.
    """
    for route in child.routes:
        if not isinstance(route, LateRoute):
            raise TypeError(f"{route!r} does not come from a Router")
        told = {name: value for name, value in route.told.items() if name != "dependency_overrides_provider"}
        told["responses"] = {**(responses or {}), **told["responses"]}
        parent.add_api_route(route.path, route.endpoint, **told)
