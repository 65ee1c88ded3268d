"""Ready means: the database answers, at the version that this program wants."""

from sqlalchemy import text

from core.clock import NodeClock
from core.timeline import bucket_start
from storage import clocks, readiness


def test_the_process_lives(client):
    assert client.get("/health/live").json() == {"status": "live"}


def test_ready_tells_the_age_of_the_newest_window(client, engine, yards, last):
    at = bucket_start(last)
    for offset_s, age_s in ((0, 0), (899, 0), (900, 0), (1200.5, 300.5)):
        with engine.begin() as connection:
            before = clocks.read(connection)
            clocks.write(connection, NodeClock(ceiling=at.timestamp() + offset_s))
        try:
            answer = client.get("/health/ready").json()
        finally:
            with engine.begin() as connection:
                clocks.write(connection, before)
        expected = {"status": "ready", "last_window": at.strftime("%Y-%m-%dT%H:%M:%SZ"), "last_window_age_s": age_s}
        assert answer == expected


def test_another_version_of_the_database_is_not_ready(client, monkeypatch, yards):
    """Older, newer or none at all."""
    monkeypatch.setattr(readiness, "_wanted", lambda: "9999")

    answer = client.get("/health/ready")

    assert answer.status_code == 503
    assert "animov db upgrade" in answer.json()["detail"]


def test_a_node_without_windows_is_ready_as_well(engine, client, yards):
    with engine.begin() as connection:
        assert readiness.read(connection).last_window is not None
        connection.execute(text("DELETE FROM posture_window"))
        assert readiness.read(connection).last_window is None
        connection.rollback()
