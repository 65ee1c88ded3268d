"""Fetching and keeping the weather of a farm; what goes wrong is logged and kept, and holds nothing up."""

from core.logs import get_logger
from core.settings import Settings
from forecast.regressors.open_meteo import MOST_PAST_DAYS, WeatherError, fetch_weather
from storage.engine import clocks
from storage.engine.database import Engine, scoped_to
from storage.forecasting import weather
from storage.forecasting.weather import HOUR
from storage.herds import farms

log = get_logger(__name__)


def keep_weather(engine: Engine, farm_id: int, settings: Settings) -> None:
    """Fetch the weather of a farm unless it was fetched this hour, and keep what came, or why nothing did.

    The first answer reaches back as far as the provider does, later ones over the days that were missed.
    It counts from when it was there, so that no slot knows more when it is done again than it knew at first.
    """
    with scoped_to(engine, [farm_id]) as connection:
        farm = farms.farm(connection, farm_id)
        now = clocks.read(connection).now()
        last = weather.last_asked(connection, farm_id, until=now, usable=True)
    recent = last is not None and now - last.issued_at < HOUR and now.hour == last.issued_at.hour
    if settings.weather_url is None or farm.latitude is None or farm.longitude is None or recent:
        return
    key = settings.weather_key.get_secret_value() if settings.weather_key else None
    past_days = MOST_PAST_DAYS if last is None else (now - last.issued_at).days
    try:
        found = fetch_weather(str(settings.weather_url), key, farm.latitude, farm.longitude, past_days=past_days)
    except WeatherError as error:
        log.warning("weather.missing", farm=farm.name, error=str(error))
        with scoped_to(engine, [farm_id]) as connection:
            weather.store_fault(connection, farm_id, clocks.read(connection).now(), str(error))
        return
    with scoped_to(engine, [farm_id]) as connection:
        weather.store(connection, farm_id, clocks.read(connection).now(), found)
    log.info("weather.kept", farm=farm.name, hours=len(found.temperature))
