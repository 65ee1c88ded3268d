"""What a page of the console is to whoever lists it."""

from collections.abc import Callable
from typing import NamedTuple


class Page(NamedTuple):
    """A page.

    Attributes:
        title: Key of its title in the catalogue.
        show: Draws it.
        path: Its address below the console's, of small letters and hyphens.
        icon: A name of Material Symbols, which come with Streamlit.
    """

    title: str
    show: Callable[[], None]
    path: str
    icon: str = "settings"
