"""The change feed: which buckets of a farm have changed since forecasting looked last.

Markers are written, and so locked, in the transaction that changes windows; whoever takes one sees all that it marks.
"""

from datetime import UTC, datetime

from sqlalchemy import Connection, text

from storage.animals import behaviour
from storage.measurements import hours


def take(connection: Connection, farm_id: int, *, until: datetime) -> list[datetime]:
    """Take the markers of buckets before an instant; they come back if this transaction does not commit.

    Markers that a writer holds are left for the next time. What follows from windows by day and by hour is noted to be
    made again.
    """
    rows = connection.execute(
        text(
            """DELETE FROM changed_bucket WHERE (farm_id, bucket) IN (
              SELECT farm_id, bucket FROM changed_bucket WHERE farm_id = :farm AND bucket < :until
              ORDER BY bucket FOR UPDATE SKIP LOCKED)
            RETURNING bucket"""
        ),
        {"farm": farm_id, "until": until},
    )
    taken = sorted(rows.scalars())
    behaviour.note_stale(connection, farm_id, taken)
    hours.note(connection, farm_id, taken)
    return taken


def pending(connection: Connection, farm_id: int) -> list[datetime]:
    """Return the marked buckets of a farm, in order, and leave the markers to whoever takes them."""
    return list(
        connection.execute(
            text("SELECT bucket FROM changed_bucket WHERE farm_id = :farm ORDER BY 1"), {"farm": farm_id}
        ).scalars()
    )


def take_spans(connection: Connection, farm_id: int) -> list[tuple[datetime, datetime]]:
    """Take the spans, `[start, end)`, in which assignments or memberships of a farm were edited."""
    rows = connection.execute(
        text(
            """DELETE FROM changed_span WHERE id IN (
              SELECT id FROM changed_span WHERE farm_id = :farm ORDER BY id FOR UPDATE SKIP LOCKED)
            RETURNING nullif(lower(during), '-infinity'), nullif(upper(during), 'infinity')"""
        ),
        {"farm": farm_id},
    )
    always = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    taken = sorted({(lower or always[0], upper or always[1]) for lower, upper in rows})
    hours.note_spans(connection, farm_id, taken)
    return taken
