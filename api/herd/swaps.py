"""Collars that were exchanged: which animals seem to have done so, and a person who says so."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Request
from pydantic import ConfigDict, Field

from api.forms.answers import Answer
from api.forms.identifiers import FarmName
from api.forms.late_routes import Router
from api.forms.problems import invalid_field
from api.forms.times import Instant
from api.herd.changing import REFUSED_CHANGES, Body, Id, Managed
from api.herds import AnimalName
from api.people.callers import Caller
from core.exchanges import Exchange
from core.problem_texts import say
from core.wallclock import zone_named
from storage.engine.database import Connection
from storage.herds import herd_facts, herd_names, readable

router = Router(prefix="/v1/farms/{farm}/swaps", tags=["herd"])

ProposeSwaps = Callable[[Connection, int, date], Sequence[Exchange]]
"""Returns the exchanges that the days of a farm before a day speak for; how it is done is not the API's to know."""


async def _propose_swaps(request: Request) -> ProposeSwaps:
    propose: ProposeSwaps = request.app.state.propose_swaps
    return propose


InApp = Annotated[ProposeSwaps, Depends(_propose_swaps)]


class ProposedSwap(Answer):
    """Two animals of which each has lived, since some day, as the other did before."""

    animals: list[AnimalName] = Field(description="Both of them.")
    since: date = Field(description="First day of the exchange on the farm's wall clock.", examples=["2026-05-21"])
    start: datetime = Field(description="Its first instant, as `POST` takes it.")
    evidence: float = Field(
        description="Natural logarithm of how many times likelier the days are if exchanged.", examples=[21.4]
    )
    one_way: float = Field(
        description="That part of it by which the first animal's days fit the second's.", examples=[9.8]
    )
    other_way: float = Field(description="The same the other way round.", examples=[11.6])
    level: float = Field(description="Evidence that is asked for.", examples=[8.3])


class ProposedSwaps(Answer):
    """Exchanges that daily sheets speak for, the likeliest first, an animal in one at most."""

    items: list[ProposedSwap]


Pair = Annotated[tuple[Id, Id], Field(json_schema_extra={"uniqueItems": True})]


class Swap(Body):
    """That two collars were exchanged: named themselves, or by the animals that wore them until then."""

    model_config = ConfigDict(
        json_schema_extra={
            "minProperties": 2,
            "maxProperties": 2,
            "examples": [{"collars": [12, 13], "start": "2026-05-01T06:00:00Z"}],
        }
    )

    collars: Pair = Field(default_factory=lambda: (0, 0), description="Ids of two collars.", examples=[[12, 13]])
    animals: Pair = Field(default_factory=lambda: (0, 0), description="Ids of two animals.", examples=[[7, 8]])
    start: Instant = Field(description="From when on each is where the other was.", examples=["2026-05-01T06:00:00Z"])


class Swapped(Answer):
    """Collars that are exchanged."""

    collars: tuple[int, int] = Field(description="Ids of both.", examples=[[12, 13]])


@router.get("")
def list_proposed_swaps(caller: Caller, farm: FarmName, propose: InApp) -> ProposedSwaps:
    """List the animals that seem to have exchanged collars, as the daily sheets until yesterday tell.

    Goats of a group live alike, so many exchanges can't be seen. Nothing changes until somebody confirms one.
    """
    found = readable.farm(caller.connection, farm)
    zone = zone_named(found.time_zone)
    today = readable.now(caller.connection).astimezone(zone).date()
    names = {animal: name for name, animal in herd_names.names_of(caller.connection, found.id, "animal").items()}
    return ProposedSwaps(
        items=[
            ProposedSwap(
                animals=[AnimalName(id=one, name=names[one]) for one in (exchange.one, exchange.other)],
                since=exchange.since,
                evidence=exchange.evidence,
                one_way=exchange.one_way,
                other_way=exchange.other_way,
                level=exchange.level,
                start=datetime.combine(exchange.since, datetime.min.time(), tzinfo=zone),
            )
            for exchange in propose(caller.connection, found.id, today)
        ]
    )


@router.post("", status_code=HTTPStatus.CREATED, responses=REFUSED_CHANGES)
def create_swap(change: Managed, wanted: Swap) -> Swapped:
    """Say that two collars were exchanged: from then on each is where the other was said to be. Windows follow."""
    one, other = _pair(change, wanted)
    herd_facts.swap(change.connection, change.farm_id, one, other, wanted.start)
    names = [readable.collar(change.connection, change.farm_id, collar).name for collar in (one, other)]
    change.note("collar.swapped", f"collars {names[0]} and {names[1]}", {"start": wanted.start})
    return Swapped(collars=(one, other))


def _pair(change: Managed, wanted: Swap) -> tuple[int, int]:
    named = wanted.model_fields_set & {"collars", "animals"}
    pair = wanted.collars if "collars" in named else wanted.animals
    if len(named) != 1 or pair[0] == pair[1]:
        raise invalid_field("collars", "body", say("swap_pair"))
    if "collars" in named:
        return pair
    one, other = (herd_facts.only_collar_of(change.connection, change.farm_id, animal, wanted.start) for animal in pair)
    return one, other
