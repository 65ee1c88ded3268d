"""A specification prints, travels and hashes."""

import subprocess
import sys
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.specification import Specification, SpecificationError

small = st.integers(0, 3)
specifications = st.builds(
    Specification,
    order=st.tuples(small, small, small),
    seasonal_order=st.tuples(small, small, small, st.sampled_from([4, 96])) | st.just((0, 0, 0, 0)),
    harmonics=st.integers(0, 12),
    regressors=st.lists(st.sampled_from(["solar_elevation", "milking", "thi"]), unique=True).map(tuple),
    history=st.sampled_from([timedelta(days=1), timedelta(days=21), timedelta(hours=36)]),
    bounds=st.none() | st.just((0.0, 1.0)) | st.just((-5.0, 0.25)),
    step=st.sampled_from([timedelta(minutes=15), timedelta(hours=1)]),
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
        pytest.param({"history": timedelta(hours=1)}, id="history_below_a_day"),
        pytest.param({"bounds": (1.0, 1.0)}, id="empty_bounds"),
        pytest.param({"regressors": ("sun", "sun")}, id="a_regressor_twice"),
    ],
)
def test_a_contradiction_is_refused(wrong):
    with pytest.raises(SpecificationError, match="is no model"):
        Specification(**wrong)


@pytest.mark.parametrize("text", ["[]", "{", '{"colour": 1}', '{"step": "long"}', "3"])
def test_what_is_no_specification_is_refused(text):
    with pytest.raises(SpecificationError):
        Specification.from_json(text)
