"""What work on models found: errors beside those of the baselines, comparisons and what speaks for them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Self, TypeVar

from pydantic import Field

from api.forms.answers import Answer

Kind = TypeVar("Kind", bound=Answer)

_BASELINES = ("persistence", "mean", "seasonal_naive", "mean_14d")


class BaselineErrors(Answer):
    """Root mean squared errors of the baselines; null where they had no history to go by."""

    persistence: float | None = Field(description="The last value, at every step.", examples=[0.21])
    mean: float | None = Field(description="The mean of the history.", examples=[0.18])
    seasonal_naive: float | None = Field(description="The value of the day before.", examples=[0.2])
    mean_14d: float | None = Field(description="The mean of this time of day over 14 days.", examples=[0.16])


class TrainingFigures(Answer):
    """What a training found; errors are in ratios."""

    train_rmse: float = Field(description="Of steps foretold one at a time on what was trained on.", examples=[0.06])
    validation_rmse: float = Field(description="Of the two days held out, foretold at once.", examples=[0.15])
    validation_rmse_of_baselines: BaselineErrors
    num_data_points: int = Field(description="Values that were known.", examples=[2016])
    num_days_train: float = Field(description="Days that were trained on.", examples=[19])
    num_days_test: float = Field(description="Days that were held out.", examples=[2])
    parameters: dict[str, float] = Field(description="Estimates by name.")

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> Self:
        """Tell the metrics of a training."""
        baselines = {name: found.get(f"validation_rmse_{name}") for name in _BASELINES}
        return cls(
            train_rmse=found["train_rmse"],
            validation_rmse=found["validation_rmse"],
            validation_rmse_of_baselines=BaselineErrors.model_validate(baselines),
            num_data_points=found["num_data_points"],
            num_days_train=found["num_days_train"],
            num_days_test=found["num_days_test"],
            parameters=found["parameters"],
        )


class BandAccuracy(Answer):
    """Accuracy over held-out origins in one band of horizon; null where nothing came true."""

    n: int = Field(description="Steps that came true.", examples=[2688])
    rmse: float | None = Field(description="Root of the mean squared error.", examples=[0.11])
    mae: float | None = Field(description="Mean absolute error.", examples=[0.08])
    bias: float | None = Field(description="Mean error.", examples=[-0.01])
    coverage80: float | None = Field(description="Share of truths within the 80 % band.", examples=[0.8])
    coverage95: float | None = Field(description="Share of truths within the 95 % band.", examples=[0.94])


class JudgedModel(Answer):
    """A specification on held-out origins."""

    specification: str = Field(description="Orders, harmonics, regressors.")
    digest: str = Field(description="sha256 of the specification, in hexadecimal digits.")
    bands: dict[str, BandAccuracy] = Field(description="By band of horizon in steps, and `all`.")


class LossDifference(Answer):
    """How much less a challenger errs than the first model."""

    mean: float | None = Field(description="Difference of mean squared errors; positive where it errs less.")
    standard_error: float | None = Field(description="Of the difference.")
    statistic: float = Field(description="Their ratio.")
    degrees: float | None = Field(description="Degrees of freedom of Student's t.")
    p: float = Field(description="How often chance alone does as well.", examples=[0.03])
    origins: int = Field(description="Origins with targets.", examples=[36])
    targets: int = Field(description="Targets, those of overlapping horizons each time.", examples=[6912])
    reason: str = Field("", description="Why there is no test; else empty.")


class Evidence(Answer):
    """What speaks for or against a challenger."""

    test: str | None = Field(None, description="Name of the test.")
    p_value: float | None = Field(None, description="How often chance alone does as well.", examples=[0.03])
    level: float | None = Field(None, description="What the p-value must be below.", examples=[0.05])
    statistic: float | None = Field(None, description="Of the test.")
    rmse_champion: float | None = Field(None, description="Of the champion.", examples=[0.12])
    rmse_challenger: float | None = Field(None, description="Of the challenger.", examples=[0.11])
    origins: int | None = Field(None, description="Origins with targets.", examples=[36])
    targets: int | None = Field(None, description="Targets.", examples=[6912])
    first_origin: datetime | None = None
    last_origin: datetime | None = None
    untested: str | None = Field(None, description="Why there is no test.")
    champion: int | None = Field(None, description="Model that reigned; null for the farm's default.", examples=[7])
    challenger: int | None = Field(None, description="Model that challenged it.", examples=[8])
    overtaken_by: int | None = Field(None, description="Who became champion while they were compared.")
    series: int | None = Field(None, description="Id of the series, where several were judged.")


class Judgement(Answer):
    """What a test, a comparison or a promotion found, on held-out origins."""

    first_origin: datetime
    last_origin: datetime
    models: list[JudgedModel] = Field(description="Of a comparison the one to beat first.")
    against_first: list[dict[str, LossDifference]] = Field(description="Of each but the first, by band and `all`.")
    wins: bool | None = Field(None, description="Whether the challenger errs less beyond chance; null for a test.")
    promoted: bool | None = Field(None, description="Whether it reigns now; null unless it was to.")
    evidence: Evidence | None = None

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> Self:
        """Tell the metrics of a test, comparison or promotion."""
        evidence = found.get("evidence")
        return picked(cls, {**found, "evidence": evidence and picked(Evidence, evidence)})


def picked(kind: type[Kind], plain: Mapping[str, Any]) -> Kind:
    """Make an answer of those members of plain data that it has."""
    return kind.model_validate({name: plain[name] for name in kind.model_fields if name in plain})
