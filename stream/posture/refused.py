"""What an estimate comes to where its evidence does not suffice."""

from typing import NamedTuple


class Refused(NamedTuple):
    """Why nothing is estimated: a stable `code`, and a sentence with the figures that fall short."""

    code: str
    detail: str
