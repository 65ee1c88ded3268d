"""Seeds of simulated herds, as people write them for a bench."""

import typer


def seeds_of(text: str) -> list[int]:
    """Read seeds by commas, each one or a first and a last one.

    >>> seeds_of("101-103,7"), seeds_of("")
    ([101, 102, 103, 7], [])
    """
    return [seed for part in text.split(",") if part.strip() for seed in _range(part.strip())]


def _range(part: str) -> range:
    first, dash, last = part.partition("-")
    if not first.isdecimal() or (dash and not last.isdecimal()) or int(last or first) < int(first):
        raise typer.BadParameter("seeds by commas, or from first to last, such as 101,102 or 201-212")
    return range(int(first), int(last or first) + 1)
