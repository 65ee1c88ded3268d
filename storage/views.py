"""What a chart of a group or a herd needs besides its windows: who it is, what time it is, its forecast, in one query.

Every function reads in a transaction that sees the caller's farms only.
"""

from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, TextClause, text

from core.errors import NotFoundError
from storage.forecasts import Issued
from storage.measured import GROUP, HERD
from storage.series import Series


class Viewed(NamedTuple):
    """A group or a herd, the node's time, and its forecast, if it has one, without the baselines."""

    series: Series
    now: datetime
    issued: Issued | None


_VIEW: Final = """
SELECT t.now, s.id, s.farm_id, s.group_id, s.animal_id, s.name,
       f.issued_at, f.backtest, f.model, f.reason, f.specification, f.inputs_hash,
       f.mean, f.lower80, f.upper80, f.lower95, f.upper95
FROM ({subject}) s CROSS JOIN (SELECT animov_now() AS now) t
LEFT JOIN LATERAL (
  SELECT * FROM farm_forecast
  WHERE series_id = s.id AND issued_at = animov_latest_issue(s.id, CAST(:until AS timestamptz)) OFFSET 0) f ON true
"""
_NO_BASELINES: Final[dict[str, Any]] = dict.fromkeys(
    ("persistence", "constant_mean", "seasonal_naive", "mean_profile"), ()
)
_GROUP_VIEW: Final = text(_VIEW.format(subject=GROUP))
_HERD_VIEW: Final = text(_VIEW.format(subject=HERD))


def group(connection: Connection, group_id: int, *, until: datetime | None = None) -> Viewed:
    """Return a group with its latest forecast, or with the latest issued at `until` or before.

    Raises:
        NotFoundError: there is no such group.
    """
    return _viewed(connection, _GROUP_VIEW, "group", group_id, until)


def herd(connection: Connection, farm: str, *, until: datetime | None = None) -> Viewed:
    """Return the herd of a farm, by the farm's name; as `group`.

    Raises:
        NotFoundError: there is no such farm.
    """
    return _viewed(connection, _HERD_VIEW, "farm", farm, until)


def _viewed(connection: Connection, query: TextClause, kind: str, name: Any, until: datetime | None) -> Viewed:
    row = connection.execute(query, {"id": name, "until": until}).one_or_none()
    if row is None:
        raise NotFoundError(kind, name)
    now, *subject = row[:6]
    issued = None if row.issued_at is None else Issued(row.id, *row[6:], **_NO_BASELINES)
    return Viewed(Series(*subject), now, issued)
