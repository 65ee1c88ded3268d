"""Where a farm is, is read as people write it; what can't be a place on earth names the field at fault."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.console.settings.positions import Position, read

hundredths = st.integers(-9000, 9000)


@given(latitude=hundredths, longitude=hundredths, mark=st.sampled_from(".,"), together=st.booleans())
def test_decimal_points_and_commas_in_one_field_or_two_are_the_same_place(latitude, longitude, mark, together):
    north, east = (f"{value / 100:.2f}".replace(".", mark) for value in (latitude, longitude))
    written = (f"{north}{'; ' if mark == ',' else ', '}{east}", "") if together else (north, east)

    assert read(*written) == Position(latitude / 100, longitude / 100)


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (("", ""), Position(None, None)),
        (("46,32", ""), "longitude"),
        (("", "1.5"), "latitude"),
        (("90.01", "0"), "latitude"),
        (("0", "-180.5"), "longitude"),
        (("46.32 -0.46", ""), Position(46.32, -0.46)),
        (("46,32 -0,46", ""), Position(46.32, -0.46)),
        (("46.32°, -0.46°", ""), Position(46.32, -0.46)),
        (("Niort", ""), "latitude"),
    ],
)
def test_what_is_no_place_names_the_field(written, told):
    assert read(*written) == told
