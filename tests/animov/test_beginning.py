"""The begin of a process looks for no garbage; what comes after it does."""

import gc

import pytest

from animov.beginning import beginning


@pytest.fixture(autouse=True)
def _collecting_as_before():
    yield
    gc.unfreeze()
    gc.enable()


def test_garbage_is_looked_for_once_it_has_begun_and_what_is_there_stays():
    with beginning() as begun:
        assert not gc.isenabled()
        begun()
        assert gc.isenabled()
        assert gc.get_freeze_count() > 0

    assert gc.isenabled()


def test_it_is_looked_for_after_a_begin_that_failed():
    with pytest.raises(OSError, match="taken"), beginning():
        raise OSError("taken")

    assert gc.isenabled()
    assert gc.get_freeze_count() == 0
