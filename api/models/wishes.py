"""What somebody wants trained: orders, regressors, and of a file its rows."""

import csv
from collections.abc import Iterable, Sequence
from datetime import timedelta
from io import StringIO
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from api.forms.problems import contradicting, invalid_field
from api.forms.values import ONLY_WHOLE, Flag, Number
from api.herd.changing import Id
from core.errors import NotFoundError
from core.orders import MOST_STATES, fault_of
from core.problem_texts import said_of, say
from core.ratios import DATE, RATIO, dated, share_reader
from core.regressors import SKY, known_regressors
from core.tabular import Row, TableError, number, read_table
from core.wallclock import zone_named
from storage.herds.farms import Farm

Regressor = Annotated[str, Field(json_schema_extra={"format": "animov-regressor"})]
Lags = Annotated[int, Field(ge=0, le=12), ONLY_WHOLE]
Differences = Annotated[int, Field(ge=0, le=2), ONLY_WHOLE]
Season = Annotated[int, Field(ge=0, le=MOST_STATES), ONLY_WHOLE]
Daily = Annotated[int, Field(ge=0, le=48), ONLY_WHOLE]
Weekly = Annotated[int, Field(ge=0, le=6), ONLY_WHOLE]

FutureRule = Annotated[
    str, Field(pattern=r"^[^=\x00-\x20][^=\x00-\x1f]{0,99}=(known|last|day|-?[0-9]{1,12}([.][0-9]{1,12})?)$")
]

MOST_CHARACTERS: Final = 6_000_000
"""Of a table that is uploaded: a year of quarters of an hour has a fifth of it, and room for further columns."""

MOST_ROWS: Final = 40_000

_DEFAULT_HISTORY: Final = timedelta(days=21)
_FILE_ONLY: Final = ("name", "csv", "rows")


class Ratio(BaseModel):
    """One step of a series."""

    model_config = ConfigDict(extra="forbid")

    date: str = Field(max_length=40, description="Its first instant.", examples=["2026-03-29 14:15"])
    ratio_debout: Number | None = Field(description="Share of time standing; null where not known.", examples=[0.6])


class File(BaseModel):
    """A series that is uploaded, as a table in the manner of CSV or as rows."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$", description="What it is called.", examples=["winter"])
    csv: str | None = Field(
        None,
        max_length=MOST_CHARACTERS,
        description="`date,ratio_debout` and further columns, a step a line.",
        examples=["date,ratio_debout\n2026-03-29 14:15,0.6\n"],
    )
    rows: list[Ratio] | None = Field(None, max_length=MOST_ROWS, description="The same as rows, without more columns.")
    zone: str = Field("UTC", max_length=64, description="IANA zone of naive dates, and of the day's rhythm.")
    unit: Literal["ratio", "percent", "any"] = Field("ratio", description="Of the values; `any` is not limited.")
    future: list[FutureRule] = Field(
        default=[],
        max_length=100,
        description="What of a further column is known ahead: `NAME=known`, `last`, `day` or a number.",
        examples=[["temperature=day"]],
    )
    latitude: Number | None = Field(None, ge=-90, le=90, description="Degrees, for sun and moon.", examples=[45.1])
    longitude: Number | None = Field(None, ge=-180, le=180, description="Degrees, east positive.", examples=[1.5])

    @field_validator("zone")
    @classmethod
    def _refuse_unknown_zone(cls, zone: str) -> str:
        try:
            return str(zone_named(zone))
        except NotFoundError:
            raise ValueError(say("no_time_zone")) from None

    @model_validator(mode="after")
    def _refuse_both_or_neither(self) -> Self:
        if (self.csv is None) == (self.rows is None):
            raise ValueError(say("csv_or_rows"))
        return self

    def check(self) -> None:
        """Return if each row can be read.

        Raises:
            ProblemError: 422, `invalid`, naming the line and column of the table, or the member of the row.
        """
        try:
            if self.rows is None:
                self._read(read_table(self.csv_text).select(DATE, RATIO))
            else:
                self._read(Row(place, (row.date, row.ratio_debout)) for place, row in enumerate(self.rows))
        except TableError as error:
            if self.rows is None:
                raise invalid_field("file.csv", "body", said_of(error)) from None
            raise invalid_field(f"file.rows.{error.line}.{error.column}", "body", error.why) from None

    def _read(self, rows: Iterable[Row]) -> None:
        share = share_reader("percent" if self.unit == "percent" else "ratio")
        for _, (line, (_, cell)) in dated(rows, zone=zone_named(self.zone)):
            if self.unit == "any":
                number(cell, line=line, column=RATIO)
            else:
                share(cell, line)

    def check_future(self, regressors: Sequence[str]) -> None:
        """Return if there is one rule for each column that is regressed on.

        Raises:
            ProblemError: 409, `contradiction`.
        """
        names = [rule.rpartition("=")[0].strip() for rule in self.future]
        for name in names:
            if names.count(name) > 1:
                raise contradicting("file.future", "body", say("future_twice", name=name))
            if name not in regressors:
                raise contradicting("file.future", "body", say("future_of_nothing", name=name))
        for name in regressors:
            if name not in names and name not in SKY:
                raise contradicting("file.future", "body", say("future_missing", name=name))

    @property
    def csv_text(self) -> str:
        """The table."""
        if self.rows is None:
            return self.csv or ""
        told = StringIO()
        writer = csv.writer(told, lineterminator="\n")
        writer.writerow((DATE, RATIO))
        writer.writerows((row.date, "" if row.ratio_debout is None else repr(row.ratio_debout)) for row in self.rows)
        return told.getvalue()


class NewTraining(BaseModel):
    """A model that is to be trained; what is left out is that of the default model."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"group": 3, "order": [2, 0, 1], "harmonics": 6}]}
    )

    group: Id | None = Field(None, description="Of which group; of the herd if left out.")
    file: File | None = Field(None, description="In place of a series of the farm.")
    order: tuple[Lags, Differences, Lags] = Field((2, 0, 1), description="p, d, q.")
    seasonal_order: tuple[Lags, Differences, Lags, Season] = Field(
        (0, 0, 0, 0), description="P, D, Q, s; s = 0 is none."
    )
    harmonics: Daily = Field(6, description="Sine and cosine pairs of the day.")
    weekly_harmonics: Weekly = Field(0, description="Sine and cosine pairs of the week.")
    regressors: list[Regressor] | None = Field(
        None,
        max_length=100,
        description="Columns to regress on: solar_elevation, thi, an event's name, a column of the file; null chooses "
        "those of the farm's default model, for a file none.",
        examples=[["thi"]],
    )
    history_days: Number | None = Field(None, ge=1, le=3650, description="Days to train on; 21 if left out.")
    preset: Literal["", "first-animov"] = Field("", description="`first-animov`: all but the last 2 days.")
    start: Flag = Field(default=True, description="Whether a worker begins as soon as it can.")

    def check(self) -> None:
        """Return if these values together make a model.

        Raises:
            ProblemError: 409, `contradiction`: each of them would do by itself; 422, `invalid`: of the file.
        """
        history = _DEFAULT_HISTORY if self.history_days is None else timedelta(days=self.history_days)
        fault = fault_of(
            self.order,
            self.seasonal_order,
            harmonics=self.harmonics,
            weekly_harmonics=self.weekly_harmonics,
            regressors=self.regressors or (),
            history=history,
        )
        if fault is not None:
            raise contradicting(fault.member, "body", fault.rule)
        if self.file is None:
            return
        if self.group is not None:
            raise contradicting("group", "body", say("group_or_file"))
        self.file.check()

    def check_regressors(self, farm: Farm) -> None:
        """Return if each regressor is one of the farm, or of the file.

        Raises:
            ProblemError: 422, `invalid`, with those that there are.
        """
        known = self._known(farm)
        unknown = sorted(set(self.regressors or ()) - set(known))
        if unknown:
            message = say("regressors_unknown", names=", ".join(unknown)[:100], known=", ".join(known) or "-")
            raise invalid_field("regressors", "body", message)
        if self.file is not None:
            self.file.check_future(self.regressors or ())

    def _known(self, farm: Farm) -> list[str]:
        if self.file is None:
            has_place = farm.latitude is not None and farm.longitude is not None
            return known_regressors((str(event["name"]) for event in farm.events), has_place=has_place)
        has_place = self.file.latitude is not None and self.file.longitude is not None
        table = read_table(self.file.csv_text)
        columns = {name for name in self.regressors or () if table.has(name)} | set(table.columns)
        return sorted(columns - {DATE, RATIO} | (SKY if has_place else set()))

    def request(self) -> dict[str, Any]:
        """Return what the worker reads: members that were given, those of the file among them."""
        given = self.model_dump(exclude={"group", "file", "start"}, exclude_unset=True, mode="json")
        if self.file is not None:
            given |= self.file.model_dump(exclude=set(_FILE_ONLY), mode="json")
        return given
