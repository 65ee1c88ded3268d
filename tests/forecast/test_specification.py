"""A specification prints, travels and hashes."""

import json
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.tsa.statespace.sarimax import SARIMAX

from forecast.specification import Specification, SpecificationError

small = st.integers(0, 3)
specifications = st.builds(
    Specification,
    order=st.tuples(small, small, small),
    seasonal_order=st.tuples(small, small, small, st.sampled_from([4, 48, 96])) | st.just((0, 0, 0, 0)),
    harmonics=st.integers(0, 12),
    weekly_harmonics=st.integers(0, 6),
    regressors=st.lists(st.sampled_from(["solar_elevation", "milking", "thi"]), unique=True).map(tuple),
    history=st.sampled_from([timedelta(days=14), timedelta(days=21), timedelta(days=14, hours=12)]),
    bounds=st.none() | st.just((0.0, 1.0)) | st.just((-5.0, 0.25)),
    step=st.sampled_from([timedelta(minutes=minutes) for minutes in (5, 10, 15, 30, 60)]),
)


@given(specifications)
def test_json_reads_back_to_the_same_value_and_digest(specification):
    again = Specification.from_json(specification.to_json())

    assert again == specification
    assert again.digest == specification.digest


@given(specifications, specifications)
def test_different_specifications_print_and_hash_differently(one, other):
    assert (one == other) == (one.digest == other.digest)
    assert (one == other) == (str(one) == str(other))


def test_the_digest_does_not_depend_on_the_process():
    code = "from forecast.specification import Specification; print(Specification().digest)"
    printed = {
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    }

    assert printed == {Specification().digest + "\n"}


def test_the_printed_form_names_every_part():
    specification = Specification(order=(1, 1, 1), seasonal_order=(0, 1, 1, 96), regressors=("sun", "milking"))

    assert str(specification) == "SARIMAX(1,1,1)(0,1,1,96) K=6 +sun +milking 21d [0,1] 15min"


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"order": (-1, 0, 0)}, id="negative_order"),
        pytest.param({"seasonal_order": (1, 0, 0, 0)}, id="season_of_nothing"),
        pytest.param({"step": timedelta(minutes=7)}, id="step_does_not_divide_a_day"),
        pytest.param({"step": timedelta(0)}, id="no_step"),
        pytest.param({"harmonics": 49}, id="more_harmonics_than_a_day_holds"),
        pytest.param({"weekly_harmonics": 7}, id="the_week_s_seventh_is_the_day_s_first"),
        pytest.param({"weekly_harmonics": 1, "history": timedelta(days=13)}, id="a_week_from_less_than_two"),
        pytest.param({"order": (4, 0, 0), "seasonal_order": (1, 0, 0, 4)}, id="the_same_lag_twice"),
        pytest.param({"order": (0, 0, 4), "seasonal_order": (0, 1, 1, 4)}, id="the_same_shock_twice"),
        pytest.param({"order": (9999, 0, 0)}, id="more_states_than_memory_holds"),
        pytest.param({"order": (1.5, 0, 0)}, id="half_an_order"),
        pytest.param({"history": timedelta(hours=1)}, id="history_below_a_day"),
        pytest.param({"bounds": (1.0, 1.0)}, id="empty_bounds"),
        pytest.param({"regressors": ("sun", "sun")}, id="a_regressor_twice"),
    ],
)
def test_a_contradiction_is_refused(wrong):
    with pytest.raises(SpecificationError, match="is no model"):
        Specification(**wrong)


def test_a_week_is_printed_and_its_reason_is_told():
    specification = Specification(harmonics=4, weekly_harmonics=3, bounds=None, step=timedelta(minutes=30))

    assert str(specification) == "SARIMAX(2,0,1) K=4 W=3 21d unbounded 30min"
    with pytest.raises(SpecificationError, match="need a history of 14 days"):
        replace(specification, history=timedelta(days=7))


def test_json_from_before_a_field_was_there_takes_its_default():
    old = {name: value for name, value in json.loads(Specification().to_json()).items() if name != "weekly_harmonics"}

    assert Specification.from_json(json.dumps(old)) == Specification()


@pytest.mark.parametrize(
    ("order", "seasonal_order"),
    [((2, 0, 1), (0, 0, 0, 0)), ((1, 1, 1), (1, 1, 1, 12)), ((0, 2, 3), (0, 1, 1, 4)), ((3, 0, 0), (2, 0, 0, 5))],
)
def test_states_are_those_of_statsmodels(order, seasonal_order):
    model = SARIMAX(np.zeros(200), order=order, seasonal_order=seasonal_order, trend="n")

    assert Specification(order=order, seasonal_order=seasonal_order).states == model.k_states


@pytest.mark.parametrize("text", ["[]", "{", '{"colour": 1}', '{"step": "long"}', "3", '{"order": [1, 0]}'])
def test_what_is_no_specification_is_refused(text):
    with pytest.raises(SpecificationError):
        Specification.from_json(text)
