"""Two who change the same at the same moment, each waiting for the other: one is told so, and the other goes on."""

import threading

import pytest
from sqlalchemy import text

from core.errors import ConflictError
from storage.access.scoping import opened


def test_a_deadlock_is_told_as_what_it_is(engine):
    both, told = threading.Barrier(2), []

    def change(one, other):
        try:
            with opened(engine) as connection:
                connection.execute(text("SET LOCAL deadlock_timeout = '10ms'"))
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": one})
                both.wait(60)
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": other})
            told.append("done")
        except ConflictError as error:
            told.append(str(error))

    threads = [threading.Thread(target=change, args=locks) for locks in ((11, 12), (12, 11))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    done, refused = sorted(told)
    assert done == "done"
    assert refused.startswith("somebody else changed the same at the same moment")


def test_any_other_error_of_the_database_passes(engine):
    with pytest.raises(Exception, match="division by zero"), opened(engine) as connection:
        connection.execute(text("SELECT 1 / 0"))
