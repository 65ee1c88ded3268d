"""From histories to forecasts as they are issued: each series by its champion, those of one model fitted at once."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import Final, NamedTuple

import numpy as np

from core.regressors import SKY
from core.timeline import BUCKET
from forecast.inputs import Floats, History
from forecast.kernel.predicting import predict_all
from forecast.model.bands import AS_FITTED, Calibration
from forecast.model.baselines import baselines_of
from forecast.model.predicting import Forecast
from forecast.regressors.design import Site
from forecast.regressors.farm_site import site_of
from forecast.regressors.farm_weather import INDEX, NO_WEATHER, FarmWeather
from forecast.specification import HORIZON, Specification
from storage.forecasting.forecasts import Issued
from storage.herds.farms import Farm
from storage.measurements.series import Series

NO_CHAMPIONS: Final[Mapping[int, Specification]] = MappingProxyType({})
NO_CALIBRATIONS: Final[Mapping[int, Calibration]] = MappingProxyType({})


def specification_for(farm: Farm, span: timedelta, weather: FarmWeather = NO_WEATHER) -> Specification:
    """Return the default model of a farm: the sun where its position is known, its daily events, heat where known."""
    sun = ("solar_elevation",) if farm.latitude is not None and farm.longitude is not None else ()
    events = tuple(sorted({str(event["name"]) for event in farm.events}))
    heat = (INDEX,) if INDEX in weather.columns else ()
    return Specification(regressors=sun + events + heat, history=span)


class Choice(NamedTuple):
    """The model of a series in one slot; `remark` says why it is not the one that was chosen for it, if it is not."""

    specification: Specification
    remark: str = ""


def choice_of(champion: Specification | None, default: Specification, site: Site, weather: FarmWeather) -> Choice:
    """Return a champion, without the columns that can't be had now; the default where there is none."""
    if champion is None:
        return Choice(default, weather.lack)
    if champion.step != BUCKET:
        return Choice(default, f"the champion has steps of {champion.step}, the series of {BUCKET}")
    missing = [name for name in champion.regressors if not _is_known(name, site, weather)]
    if not missing:
        return Choice(champion)
    left = tuple(name for name in champion.regressors if name not in missing)
    told = f"the champion's {', '.join(missing)} not to be had now"
    return Choice(replace(champion, regressors=left), "; ".join(filter(None, (told, weather.lack))))


def choices_of(
    farm: Farm,
    followed: Iterable[Series],
    *,
    span: timedelta,
    weather: FarmWeather,
    champions: Mapping[int, Specification] = NO_CHAMPIONS,
) -> dict[int, Choice]:
    """Return the model of each series by its id.

    Args:
        farm: Theirs.
        followed: The series.
        span: What the default model is fitted to.
        weather: Columns over history and horizon.
        champions: Models by id of the series; the others have the default.
    """
    default, site = specification_for(farm, span, weather), site_of(farm)
    return {one.id: choice_of(champions.get(one.id), default, site, weather) for one in followed}


def forecasts_of(
    farm: Farm,
    of: Iterable[tuple[Series, History]],
    choices: Mapping[int, Choice],
    *,
    span: timedelta,
    weather: FarmWeather,
    backtest: bool,
    calibrations: Mapping[int, Calibration] = NO_CALIBRATIONS,
) -> Iterator[Issued]:
    """Yield the forecast of each series from the end of its history; a series of which nothing is known has none.

    Args:
        farm: The farm.
        of: Series and histories of one start and one length, that of the weather.
        choices: Models by id of the series.
        span: What the baselines look back on.
        weather: Columns over histories and horizon.
        backtest: Whether this is hindsight.
        calibrations: Factors on the widths of the bands by id of the series; the others are as fitted.
    """
    pairs, site = list(of), site_of(farm)
    for specification in dict.fromkeys(choice.specification for choice in choices.values()):
        group = [(one, history) for one, history in pairs if choices[one.id].specification == specification]
        written = specification.to_json()
        factors = [calibrations.get(one.id, AS_FITTED) for one, _ in group]
        made = predict_all(
            [history for _, history in group], specification, site=site, columns=weather.columns, calibrations=factors
        )
        for (one, history), forecast, factor in zip(group, made, factors, strict=True):
            if forecast.model != "none":
                known = history.last(span).values
                yield _issued(one.id, forecast, known, choices[one.id], factor, written=written, backtest=backtest)


def _issued(
    series_id: int,
    made: Forecast,
    known: Floats,
    choice: Choice,
    calibration: Calibration,
    *,
    written: str,
    backtest: bool,
) -> Issued:
    baselines = baselines_of(known, choice.specification.steps_per_day, HORIZON)
    return Issued(
        series_id=series_id,
        issued_at=made.origin,
        backtest=backtest,
        model=made.model,
        reason="; ".join(filter(None, (made.reason, choice.remark))),
        specification=written,
        inputs_hash=bytes.fromhex(made.inputs),
        mean=_listed(made.mean),
        lower80=_listed(made.lower80),
        upper80=_listed(made.upper80),
        lower95=_listed(made.lower95),
        upper95=_listed(made.upper95),
        persistence=_listed(baselines["persistence"]),
        constant_mean=_listed(baselines["mean"]),
        seasonal_naive=_listed(baselines["seasonal_naive"]),
        mean_profile=_listed(baselines["mean_14d"]),
        sigma=_listed(made.sigma),
        factors80=calibration.factor80,
        factors95=calibration.factor95,
    )


def _is_known(name: str, site: Site, weather: FarmWeather) -> bool:
    """Tell whether a regressor has a value for every slot of the horizon."""
    if name in weather.columns:
        return bool(np.isfinite(weather.columns[name][-HORIZON:]).all())
    if name in SKY:
        return site.latitude is not None and site.longitude is not None
    return any(event.name == name for event in site.events)


def _listed(values: Floats) -> Sequence[float]:
    listed: list[float] = values.tolist()
    return listed
