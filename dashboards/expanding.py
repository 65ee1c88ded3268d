"""Grafana's macros and variables, put into SQL as its PostgreSQL data source does: for running what panels ask.

After `pkg/tsdb/grafana-postgresql-datasource/macros.go` of grafana/grafana: arguments end at the first bracket, and a
macro that is not known is an error. Of its macros those that dashboards of ours use are here.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from core.errors import AnimovError

_MACRO: Final = re.compile(r"\$__(\w+)\(([^)]*)\)")
_VARIABLE: Final = re.compile(r"\$\{(\w+)(?::\w+)?\}|\$(?!_)(\w+)")


class UnknownMacroError(AnimovError):
    """A panel asks for a macro or a variable that there is not."""


def expanded(sql: str, start: datetime, end: datetime, chosen: Mapping[str, object]) -> str:
    """Return what the data source sends for a span and the values that were chosen of variables."""
    first, last = (f"'{at.astimezone(UTC).isoformat().replace('+00:00', 'Z')}'" for at in (start, end))

    def macro(found: re.Match[str]) -> str:
        name, argument = found.groups()
        known = {
            "timeFrom": first,
            "timeTo": last,
            "timeFilter": f"{argument} BETWEEN {first} AND {last}",
        }
        if name not in known:
            raise UnknownMacroError(f"there is no macro {found[0]}")
        return known[name]

    def variable(found: re.Match[str]) -> str:
        name = found[1] or found[2]
        if name not in chosen:
            raise UnknownMacroError(f"there is no variable {found[0]}")
        return str(chosen[name])

    return _VARIABLE.sub(variable, _MACRO.sub(macro, sql))
