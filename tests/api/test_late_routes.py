"""Routes that are looked into late are the framework's own routes in all that can be seen of them."""

import warnings
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Annotated

import pytest
from fastapi import APIRouter, Depends, FastAPI, Query
from fastapi.testclient import TestClient
from pydantic import BaseModel

from api.forms.late_routes import LateRoute, Router, adopt

TOLD = {403: {"description": "of the whole"}, 404: {"description": "of all of them"}}
OWN = {404: {"description": "of one"}}


class Goat(BaseModel):
    name: str
    age: int = 3


def herd(size: Annotated[int, Query(le=9)] = 2) -> int:
    return size


def list_goats(size: Annotated[int, Depends(herd)]) -> list[Goat]:
    return [Goat(name=str(number)) for number in range(size)]


def change_goat(goat: int, wanted: Goat) -> Goat:
    return Goat(name=wanted.name, age=goat)


def drop_goat(goat: int) -> None: ...


def filled(router):
    router.get("/goats", summary="All of them")(list_goats)
    router.put("/goats/{goat}", responses=OWN)(change_goat)
    router.delete("/goats/{goat}", status_code=204, deprecated=True)(drop_goat)
    return router


def of_framework():
    inner, outer = APIRouter(), APIRouter(responses={403: TOLD[403]})
    inner.include_router(filled(APIRouter(prefix="/v1", tags=["goats"])))
    outer.include_router(inner)
    app = FastAPI(dependencies=[Depends(herd)])
    app.include_router(outer, responses={404: TOLD[404]})
    return app


def late():
    inner, outer = Router(), Router(responses={403: TOLD[403]})
    adopt(inner, filled(Router(prefix="/v1", tags=["goats"])))
    adopt(outer, inner)
    app = FastAPI(dependencies=[Depends(herd)])
    app.router.route_class = LateRoute
    adopt(app.router, outer, {404: TOLD[404]})
    return app


def looked_into(app):
    return [route.path for route in app.routes if isinstance(route, LateRoute) and "dependant" in vars(route)]


def test_they_are_described_as_routers_of_the_framework_are():
    assert late().openapi() == of_framework().openapi()


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/v1/goats", None),
        ("GET", "/v1/goats?size=1", None),
        ("GET", "/v1/goats?size=10", None),
        ("PUT", "/v1/goats/4", {"name": "Blanchette"}),
        ("PUT", "/v1/goats/4", {"age": 4}),
        ("PUT", "/v1/goats/x", {"name": "Blanchette"}),
        ("PUT", "/v1/goats/4?size=10", {"name": "Blanchette"}),
        ("DELETE", "/v1/goats/4", None),
        ("POST", "/v1/goats/4", None),
        ("GET", "/v1/cows", None),
    ],
)
def test_they_answer_as_routers_of_the_framework_do(method, path, body):
    ours, theirs = (TestClient(app).request(method, path, json=body) for app in (late(), of_framework()))

    assert (ours.status_code, ours.content, ours.headers) == (theirs.status_code, theirs.content, theirs.headers)


def test_a_request_looks_into_its_own_route_only():
    app = late()
    assert looked_into(app) == []

    assert TestClient(app).get("/v1/goats").status_code == 200

    assert looked_into(app) == ["/v1/goats"]


def test_many_who_look_at_once_see_the_same_and_leave_warnings_as_they_were():
    app, filters = late(), list(warnings.filters)
    routes = [route for route in app.routes if isinstance(route, LateRoute)]
    at_once = Barrier(8)

    def look(_):
        at_once.wait(60)
        return [(id(route.dependant), id(route.body_field), id(route.app)) for route in routes]

    with ThreadPoolExecutor(8) as pool:
        assert len({tuple(seen) for seen in pool.map(look, range(8))}) == 1
    assert warnings.filters == filters


def test_what_a_route_has_not_it_has_not():
    route = late().routes[-1]

    assert not hasattr(route, "goats")
    assert route.path_format == "/v1/goats/{goat}"


def test_routes_of_another_kind_are_not_adopted():
    with pytest.raises(TypeError, match="does not come from a Router"):
        adopt(Router(), filled(APIRouter()))
