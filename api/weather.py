"""Weather of a farm: as it was issued, and as it is used, each hour as the latest forecast before it had it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Annotated, Any, Final, Self

from fastapi import Query
from fastapi.responses import Response
from pydantic import Field

from api.forms import times
from api.forms.answers import Answer, Page
from api.forms.backwards import Before, before
from api.forms.identifiers import FarmName
from api.forms.late_routes import Router
from api.forms.lists import Asked, Listing, listing
from api.forms.problems import contradicting
from api.forms.refusals import refusal
from api.forms.spans import Span
from api.forms.times import Instant, Zone
from api.people.callers import Caller
from core.errors import NotFoundError
from core.problem_texts import say
from core.timeline import EPOCH
from storage.engine.database import Connection
from storage.forecasting import weather
from storage.forecasting.weather import HOUR, Hourly
from storage.herds import readable

router = Router(prefix="/v1/farms/{farm}/weather", tags=["weather"])

MOST: Final = timedelta(days=62)
"""Longest span of hours of one answer."""

_TOO_LONG: Final[dict[int | str, dict[str, Any]]] = {
    409: refusal(f"`from` and `to` lie more than {MOST.days} days apart.")
}

KnownAt = Annotated[
    Instant | None,
    Query(description="As it was known at this instant; now if left out.", examples=["2026-03-29T01:00:00Z"]),
]


class WeatherHour(Answer):
    """The weather of an hour; null where nothing is known."""

    hour: datetime
    temperature: float | None = Field(description="°C, at the hour.", examples=[18.5])
    humidity: float | None = Field(description="Relative, %, at the hour.", examples=[62])
    precipitation: float | None = Field(description="mm, of the hour that ends then.", examples=[0.2])
    wind: float | None = Field(description="m/s, at the hour.", examples=[3.1])
    cloud: float | None = Field(description="Share of the sky that is covered, %.", examples=[40])


class UsedWeather(Answer):
    """Hours in a row as they are used: each by the latest forecast issued before it, or else the first after it."""

    known_at: datetime = Field(description="Nothing issued later was looked at.")
    hours: list[WeatherHour]


class IssuedWeather(Answer):
    """A weather forecast as it was issued."""

    issued_at: datetime
    hours: list[WeatherHour]


class WeatherIssue(Answer):
    """That the provider was asked."""

    issued_at: datetime
    fault: str = Field(description="Why there was no forecast to be had; else empty.", examples=[""])
    hours: int = Field(description="Hours that were foretold.", examples=[168])

    @classmethod
    def of(cls, found: tuple[datetime, str, int], zone: tzinfo) -> Self:
        """Tell an issue in a time zone."""
        at, fault, hours = found
        return cls(issued_at=at.astimezone(zone), fault=fault, hours=hours)


class WeatherIssues(Page):
    """A part of the times that the provider was asked, the latest first."""

    items: list[WeatherIssue]


@router.get("", responses=_TOO_LONG)
def get_weather(caller: Caller, farm: FarmName, span: Span, zone: Zone, known_at: KnownAt = None) -> UsedWeather:
    """Return the weather of the hours in `[from, to)` as it is used."""
    farm_id, now = readable.farm(caller.connection, farm).id, readable.now(caller.connection)
    begin, end = times.span(span.start, span.to, now)
    if end - begin > MOST:
        raise contradicting("from", "query", say("weather_too_long", days=MOST.days))
    first, until = _hour_from(begin), known_at or now
    hours = -((first - end) // HOUR)
    if hours <= 0:
        return UsedWeather(known_at=until.astimezone(zone), hours=[])
    found = weather.known(caller.connection, farm_id, first, first + (hours - 1) * HOUR, until=until)
    return UsedWeather(known_at=until.astimezone(zone), hours=_hours(found, zone))


@router.get("/issued")
def get_issued_weather(caller: Caller, farm: FarmName, zone: Zone, known_at: KnownAt = None) -> IssuedWeather:
    """Return the latest weather forecast that there was at an instant, as it was issued."""
    farm_id = readable.farm(caller.connection, farm).id
    found = weather.issued(caller.connection, farm_id, until=known_at or readable.now(caller.connection))
    if found is None:
        raise NotFoundError("weather forecast of", farm)
    return IssuedWeather(issued_at=found.issued_at.astimezone(zone), hours=_hours(found.hourly, zone))


@router.get("/issues", response_model=WeatherIssues)
def list_weather_issues(
    caller: Caller, farm: FarmName, span: Span, zone: Zone, asked: Annotated[Asked, listing(WeatherIssue)]
) -> Response:
    """List when the provider was asked for the weather in `[from, to)`, and whether it answered, the latest first."""
    farm_id = readable.farm(caller.connection, farm).id
    start = before(span, readable.now(caller.connection))

    def find(connection: Connection, where: Before, most: int) -> Sequence[tuple[datetime, str, int]]:
        return weather.asked_between(connection, farm_id, where.start, where.end, limit=most)

    def behind(last: tuple[datetime, str, int], where: Before) -> Before:
        return where.behind(last[0])

    return asked.answer(caller, Listing(start, find, behind, lambda one: WeatherIssue.of(one, zone)))


def _hours(found: Hourly, zone: tzinfo) -> list[WeatherHour]:
    rows = zip(found.temperature, found.humidity, found.precipitation, found.wind, found.cloud, strict=True)
    return [
        WeatherHour(
            hour=(found.first_hour + item * HOUR).astimezone(zone),
            temperature=temperature,
            humidity=humidity,
            precipitation=precipitation,
            wind=wind,
            cloud=cloud,
        )
        for item, (temperature, humidity, precipitation, wind, cloud) in enumerate(rows)
    ]


def _hour_from(instant: datetime) -> datetime:
    return EPOCH + -((EPOCH - instant.astimezone(UTC)) // HOUR) * HOUR
