"""A stored method is a rule and a generation, and every place that knows the order of trust knows the same."""

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from core.method import GENERATIONS, RANK, Rule, generation_of, method, rule_of

RULES = st.sampled_from(Rule)
NUMBERS = st.integers(0, GENERATIONS - 1)


@given(rule=RULES, generation=NUMBERS)
def test_a_method_gives_its_rule_and_its_generation_back(rule, generation):
    stored = method(rule, generation)
    assert (rule_of(stored), generation_of(stored)) == (rule, generation)


@given(one=st.tuples(RULES, NUMBERS), other=st.tuples(RULES, NUMBERS))
def test_two_methods_are_equal_only_if_both_parts_are(one, other):
    assert (method(*one) == method(*other)) == (one == other)


@given(rule=RULES, generation=NUMBERS)
def test_every_method_fits_the_column_that_holds_it(rule, generation):
    assert 0 <= method(rule, generation) < 2**15


def test_numbers_that_are_stored_never_change():
    assert {rule.name: int(rule) for rule in Rule} == {
        "NONE": 0,
        "EAR": 1,
        "COLLAR": 2,
        "COLLAR_CALIBRATED": 3,
        "COLLAR_LABELLED": 4,
        "LEG": 5,
        "SUMS": 6,
        "DEVICE": 7,
    }


def test_the_database_knows_the_same_rules_and_the_same_order_of_trust(engine):
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT id, name, rank FROM posture_rule")).all()
    assert {tuple(row) for row in rows} == {(int(rule), rule.name.lower(), RANK[rule]) for rule in Rule}


def test_whoever_is_told_more_is_trusted_more():
    order = [Rule.NONE, Rule.COLLAR, Rule.COLLAR_CALIBRATED, Rule.COLLAR_LABELLED, Rule.LEG, Rule.SUMS, Rule.DEVICE]
    ranks = [RANK[rule] for rule in order]
    assert ranks == sorted(set(ranks))
    assert RANK[Rule.EAR] == RANK[Rule.COLLAR]
