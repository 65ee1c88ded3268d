"""Whatever happens meanwhile, a broker comes to keep exactly what a fresh publication would have it keep."""

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ingest.homeassistant.mirror import Mirror, Retained

TOPICS = ("a", "b", "c")
MESSAGES = st.dictionaries(st.sampled_from(TOPICS), st.sampled_from([b"1", b"2"]))
MOST = 2


def keep(kept, message):
    """What a broker does with a retained message: section 3.3.1.3 of MQTT 3.1.1."""
    kept.pop(message.topic, None)
    if message.payload:
        kept[message.topic] = message.payload


class Broker(RuleBasedStateMachine):
    """A broker that takes messages in order, acknowledges them in any, and may be lost at any moment."""

    def __init__(self):
        super().__init__()
        self.mirror = Mirror()
        self.kept, self.arriving, self.unacknowledged, self.shown = {}, [], [], {}

    def go_on(self):
        due = self.mirror.next(MOST)
        self.arriving += due
        self.unacknowledged += [one.topic for one in due]

    @rule(messages=MESSAGES)
    def show(self, messages):
        self.shown = messages
        self.mirror.show(messages)
        self.go_on()

    @rule(topics=st.none() | st.lists(st.sampled_from(TOPICS)))
    def ask_again(self, topics):
        self.mirror.again(topics)
        self.go_on()

    @precondition(lambda self: self.arriving)
    @rule(count=st.integers(1, MOST))
    def arrive(self, count):
        arrived, self.arriving = self.arriving[:count], self.arriving[count:]
        for message in arrived:
            keep(self.kept, message)

    @precondition(lambda self: len(self.unacknowledged) > len(self.arriving))
    @rule(data=st.data())
    def acknowledge(self, data):
        waiting = {one.topic for one in self.arriving}
        topic = data.draw(st.sampled_from([one for one in self.unacknowledged if one not in waiting]))
        self.unacknowledged.remove(topic)
        self.mirror.acknowledged(topic)
        self.go_on()

    @rule(restored=st.none() | MESSAGES)
    def lose(self, restored):
        """What was under way may have come or not; the broker may come back with what it kept at some other time."""
        if restored is not None:
            self.kept = dict(restored)
        self.arriving, self.unacknowledged = [], []
        self.mirror.lost()
        for one in self.kept.items():
            self.mirror.found(Retained(*one))
        self.go_on()

    @invariant()
    def no_more_is_under_way_than_allowed_and_of_each_topic_one(self):
        assert len(self.unacknowledged) <= MOST
        assert len(set(self.unacknowledged)) == len(self.unacknowledged)

    @invariant()
    def if_it_is_settled_the_broker_keeps_what_is_shown(self):
        if self.mirror.settled:
            assert self.kept == self.shown

    def teardown(self):
        """Left alone, it settles."""
        for _ in range(100):
            for message in self.arriving:
                keep(self.kept, message)
            self.arriving = []
            for topic in list(self.unacknowledged):
                self.unacknowledged.remove(topic)
                self.mirror.acknowledged(topic)
            self.go_on()
        assert self.mirror.settled
        assert self.kept == self.shown


TestBroker = Broker.TestCase
TestBroker.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)


@given(shown=st.lists(MESSAGES, max_size=30))
def test_what_waits_for_a_broker_that_is_away_is_no_more_than_there_are_topics(shown):
    mirror = Mirror()
    for messages in shown:
        mirror.show(messages)

    waiting = mirror.next(100)
    assert len(waiting) <= len(TOPICS)
    if shown:
        assert {one.topic: one.payload for one in waiting if one.payload} == shown[-1]
