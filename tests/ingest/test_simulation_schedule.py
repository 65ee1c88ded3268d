from hypothesis import given
from hypothesis import strategies as st

from core.clock import NodeClock
from ingest.simulation.drive import perform
from ingest.simulation.due import Due
from ingest.simulation.schedule import SLOT_MS, SlotPassed, steps, wall_at

dues = st.lists(st.integers(0, 40).map(lambda step: step * SLOT_MS // 4), max_size=12).map(sorted)


def messages(instants):
    return [Due(at, "t", str(number).encode()) for number, at in enumerate(instants)]


class Recorder:
    """A publisher that acknowledges only when drained, and a clock whose ceiling is raised."""

    def __init__(self):
        self.sent: list[Due] = []
        self.acknowledged = 0
        self.ceilings: list[tuple[int, int]] = []

    def publish(self, topic, payload):
        self.sent.append((topic, payload))

    def drain(self):
        self.acknowledged = len(self.sent)

    def raise_ceiling(self, until_ms):
        self.ceilings.append((until_ms, self.acknowledged))


@given(instants=dues, slots=st.integers(0, 12))
def test_a_slot_passes_after_all_messages_due_before_it_and_before_all_others(instants, slots):
    taken = list(steps(iter(messages(instants)), 0, slots * SLOT_MS))

    passed = [step.slot_ms for step in taken if isinstance(step, SlotPassed)]
    last = max([slots, *(at // SLOT_MS for at in instants)])
    assert passed == [number * SLOT_MS for number in range(1, last + 1)]
    assert [step for step in taken if isinstance(step, Due)] == messages(instants)
    order = [(step.slot_ms, 0) if isinstance(step, SlotPassed) else (step.due_ms, 1) for step in taken]
    assert order == sorted(order)


@given(instants=dues)
def test_the_ceiling_rises_only_when_everything_due_before_the_slot_is_acknowledged(instants):
    recorder = Recorder()
    plan = steps(iter(messages(instants)), 0, 11 * SLOT_MS)

    published = perform(
        plan, recorder, NodeClock(), 0, raise_ceiling=recorder.raise_ceiling, wait=lambda _: False, wall_clock=lambda: 0
    )

    assert published == len(instants)
    assert recorder.ceilings[0] == (SLOT_MS, 0)
    for ceiling, acknowledged in recorder.ceilings[1:]:
        assert acknowledged >= sum(at < ceiling - SLOT_MS for at in instants)
    assert [ceiling for ceiling, _ in recorder.ceilings] == [number * SLOT_MS for number in range(1, 13)]


@given(instants=dues, speed=st.sampled_from([1, 60]))
def test_messages_are_published_when_the_clock_reaches_them(instants, speed):
    clock = NodeClock(wall_epoch=1000, sim_epoch=100, speed=speed, ceiling=100)
    wall = [1000.0]

    def wait(seconds):
        assert seconds >= 0
        wall[0] += seconds
        return False

    published = []
    recorder = Recorder()
    recorder.publish = lambda *_: published.append(wall[0])
    plan = steps(iter(messages(instants)), 0, 0)
    perform(plan, recorder, clock, 0, raise_ceiling=recorder.raise_ceiling, wait=wait, wall_clock=lambda: wall[0])

    assert published == [max(1000 + (at / 1000 - 100) / speed, 1000) for at in instants]


def test_a_stop_ends_the_drive_before_the_next_message():
    recorder = Recorder()
    answers = iter([False, True])
    plan = steps(iter(messages([0, 1, 2])), 0, SLOT_MS)

    published = perform(
        plan, recorder, NodeClock(), 0, raise_ceiling=recorder.raise_ceiling, wait=lambda _: next(answers)
    )

    assert (published, len(recorder.sent)) == (1, 1)


def test_the_line_is_the_inverse_of_the_clock():
    clock = NodeClock(wall_epoch=50, sim_epoch=1_000_000, speed=60)

    assert clock.at(wall_at(clock, 1_000_600_000)) == 1_000_600
