"""Errors that AniMOV raises on purpose: one tree, one sentence each."""

import pytest

from core import errors
from core.errors import AnimovError, NotFoundError

TREE = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, AnimovError)]


@pytest.mark.parametrize("kind", TREE)
def test_every_error_is_caught_as_one_of_ours(kind):
    assert issubclass(kind, AnimovError)
    assert not issubclass(kind, OSError | ValueError)  # nobody who guards against those takes ours for one


@pytest.mark.parametrize("name", ["barn", 7, "o'hara", "two\nlines"])
def test_what_was_not_found_is_named_in_one_line(name):
    error = NotFoundError("farm", name)
    assert str(error) == f"there is no farm {str(name)!r}"
    assert len(str(error).splitlines()) == 1
    assert (error.kind, error.name) == ("farm", name)
