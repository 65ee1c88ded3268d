"""How hard heat is to bear: the temperature-humidity index."""

from forecast.inputs import Floats


def temperature_humidity_index(temperature: Floats, humidity: Floats) -> Floats:
    """Return `(1.8 T + 32) - (0.55 - 0.0055 RH) (1.8 T - 26)`, the form of the National Research Council (1971).

    Of the eight forms that Dikmen and Hansen compare (J. Dairy Sci. 92:109, 2009, doi:10.3168/jds.2008-1370) this is
    one on a Fahrenheit-like scale: a mild day is near 60, heat stress of dairy cows is discussed from about 70 on.
    Forms for small ruminants on a Celsius scale call 28 extreme: a threshold of one scale means nothing on another,
    and the scales must never be mixed.

    Args:
        temperature: Of the air, °C.
        humidity: Relative, %, 0 to 100; arrays of one shape.
    """
    index: Floats = (1.8 * temperature + 32.0) - (0.55 - 0.0055 * humidity) * (1.8 * temperature - 26.0)
    return index
