"""How far a worker is, and when it stands still: the book that decides what Kafka forgets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.cluster.progress import Progress
from stream.cluster.watchdog import Signs, StuckError, Watchdog

steps = st.lists(
    st.one_of(
        st.tuples(st.just("take"), st.integers(0, 5)),
        st.tuples(st.just("settle"), st.integers(0, 9)),
        st.tuples(st.just("back"), st.integers(0, 1)),
        st.tuples(st.just("assign"), st.just(0)),
        st.tuples(st.just("commit"), st.just(0)),
    ),
    max_size=40,
)


@given(steps)
def test_no_offset_passes_a_record_that_is_not_safe(steps):
    """Whatever is taken, settled in any order, read again and assigned anew; and what is safe gets committed."""
    progress, committed, next_offset = Progress(), {0: 0, 1: 0}, {0: 0, 1: 0}
    safe, open_ = {0: set(), 1: set()}, []

    def commit():
        for partition, offset in progress.safe().items():
            assert set(range(offset)) <= safe[partition]
            committed[partition] = offset

    for what, which in steps:
        if what == "take":
            partition, count = which % 2, 1 + which // 2
            first = next_offset[partition]
            next_offset[partition] += count
            open_.append(progress.take(partition, first, next_offset[partition]))
        elif what == "settle" and open_:
            taken = open_.pop(which % len(open_))
            safe[taken.partition].update(range(taken.first, taken.following))
            progress.settle(taken)
        elif what == "back":
            next_offset[which] = committed[which]
        elif what == "assign":
            progress.forget()
            next_offset.update(committed)
        elif what == "commit":
            commit()
    for taken in open_:
        safe[taken.partition].update(range(taken.first, taken.following))
        progress.settle(taken)
    commit()
    assert progress.open == 0
    assert all(committed[at] >= next_offset[at] for at in (0, 1) if progress.following(at) == next_offset[at])


def test_the_watchdog_waits_for_work_and_for_the_database():
    watchdog = Watchdog(10)
    watchdog.look(Signs(0, 0, 0), 0)
    watchdog.look(Signs(0, 0, 0), 100)  # nothing to do
    watchdog.look(Signs(5, 0, 0), 105)
    assert watchdog.still_s == 0
    watchdog.look(Signs(5, 0, 0), 109)
    assert watchdog.still_s == 4
    watchdog.look(Signs(5, 1, 0), 112)  # it goes on
    assert watchdog.still_s == 0
    watchdog.look(Signs(5, 1, 1), 120)  # the database is away
    watchdog.look(Signs(5, 1, 1), 129)
    with pytest.raises(StuckError, match="5 records wait and none was committed for 11 s"):
        watchdog.look(Signs(5, 1, 1), 131)
