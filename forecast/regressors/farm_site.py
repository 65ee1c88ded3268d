"""Where a farm lies and what happens there every day, as the regression asks it."""

from datetime import time as wall_time
from datetime import timedelta

from forecast.regressors.design import Site
from forecast.regressors.events import DailyEvent
from storage.herds.farms import Farm


def site_of(farm: Farm) -> Site:
    """Return a farm's clock, place and daily events."""
    events = tuple(
        DailyEvent(event["name"], wall_time.fromisoformat(event["at"]), timedelta(minutes=event["minutes"]))
        for event in farm.events
    )
    return Site(farm.time_zone, farm.latitude, farm.longitude, events)
