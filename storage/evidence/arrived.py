"""What a bulk import asks of the database: who wears a collar, and which windows came of what it brought."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import Connection, text


class Arrived(NamedTuple):
    """The windows of one animal in a span of time; seconds are summed over them.

    `ratios` counts the windows of which enough is known for a standing ratio.
    """

    animal: str
    windows: int
    ratios: int
    known_s: int
    standing_s: int


_WORN: Final = text("SELECT EXISTS (SELECT FROM assignment WHERE collar_id = :collar)")
_ARRIVED: Final = text("""
SELECT a.name, count(*), count(w.standing_ratio), sum(w.known_s), sum(w.standing_s)
FROM animal a JOIN posture_window w ON w.animal_id = a.id
WHERE w.bucket > CAST(:start AS timestamptz) - interval '15 min' AND w.bucket < :end
  AND EXISTS (SELECT FROM assignment s JOIN collar c ON c.id = s.collar_id
    WHERE s.animal_id = a.id AND c.farm_id = :farm AND c.name = ANY (:collars)
      AND s.during && tstzrange(w.bucket, w.bucket + interval '15 min'))
GROUP BY a.id ORDER BY a.name
""")


def is_worn(connection: Connection, collar_id: int) -> bool:
    """Tell whether anybody was ever said to wear a collar."""
    return bool(connection.execute(_WORN, {"collar": collar_id}).scalar_one())


def arrived(
    connection: Connection, farm_id: int, collars: Sequence[str], start: datetime, end: datetime
) -> list[Arrived]:
    """Return the windows that touch `[start, end)` of every animal that wore one of these collars in them."""
    values = {"farm": farm_id, "collars": list(collars), "start": start, "end": end}
    return [Arrived(*row) for row in connection.execute(_ARRIVED, values)]
