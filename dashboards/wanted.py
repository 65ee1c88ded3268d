"""What a server is to hold for one reader: a folder, a data source, dashboards, whom to tell, alert rules."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from core.alert_texts import Language
from dashboards.board import uid
from dashboards.boards import all_boards
from dashboards.panels import SOURCE_TYPE, Outlet
from dashboards.rules import GROUP, contact_point, rule_group
from dashboards.style import Json

LONGEST_UID: Final = 40
"""Characters that Grafana takes of a uid (its HTTP API for dashboards)."""

_LONGEST_NAME: Final = 20


@dataclass(frozen=True, slots=True)
class Wanted:
    """One thing that the server is to hold; `kind` is folder, data source, dashboard, contact point or rules."""

    kind: str
    uid: str
    value: Json


@dataclass(frozen=True, slots=True)
class Source:
    """Where the database answers, seen from the server, and as whom it logs in.

    Attributes:
        address: `host:port`.
        database: Name of the database.
        role: Reads one farm, or some, and nothing else.
        tls: As libpq's `sslmode`.
    """

    address: str
    database: str
    role: str
    tls: str = "disable"


def key_of(name: str) -> str:
    """Return what begins the uids of a reader: its name, shortened so that they stay short enough and apart."""
    if len(name) <= _LONGEST_NAME:
        return f"animov-{name}"
    return f"animov-{name[:11]}-{sha256(name.encode()).hexdigest()[:8]}"


def outlet_for(name: str, language: Language, time_zone: str) -> Outlet:
    """Return for whom the dashboards of a reader are made."""
    return Outlet(language, time_zone, key_of(name))


def wanted(outlet: Outlet, title: str, source: Source, mails: Sequence[str]) -> list[Wanted]:
    """Return all that a server is to hold, in the order in which one needs the other.

    Args:
        outlet: For whom it is made.
        title: Of the farm, or of the farms together.
        source: What the panels read.
        mails: Who is told by the rules; without any the policies of the server decide.
    """
    folder = outlet.key
    boards = all_boards(outlet).items()
    return [
        Wanted("folder", folder, {"uid": folder, "title": f"AniMOV - {title}"}),
        Wanted("data source", outlet.key, _source(outlet, title, source)),
        *(
            Wanted("dashboard", uid(outlet, name), {"dashboard": board, "meta": {"folderUid": folder}})
            for name, board in boards
        ),
        *([Wanted("contact point", f"{outlet.key}-mail", contact_point(outlet, title, list(mails)))] if mails else []),
        Wanted("rules", f"{folder}/{GROUP}", rule_group(outlet, folder, title, contact=bool(mails))),
    ]


def _source(outlet: Outlet, title: str, source: Source) -> Json:
    """Return the data source; the database belongs in `jsonData`, where Grafana has looked alone since 12.2."""
    return {
        "uid": outlet.key,
        "name": f"AniMOV - {title}",
        "type": SOURCE_TYPE,
        "access": "proxy",
        "url": source.address,
        "user": source.role,
        "jsonData": {
            "database": source.database,
            "sslmode": source.tls,
            "postgresVersion": 1500,
            "timescaledb": False,
            "maxOpenConns": 5,
        },
    }
