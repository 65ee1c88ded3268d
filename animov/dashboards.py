"""Dashboards of farms into a Grafana server, and the role that reads these farms into the database."""

from collections.abc import Sequence
from secrets import token_urlsafe
from urllib.parse import urlsplit

from animov.access import node_access
from animov.audit import actor
from core.alert_texts import Language
from core.errors import NotFoundError, SettingsError
from core.settings import Settings
from dashboards.pushing import Difference, differences, open_grafana, push
from dashboards.wanted import Source, outlet_for, wanted
from storage import embedded
from storage.access.readers import PREFIX, make_reader, make_reader_of, own_reader, reads
from storage.engine.database import engine_for
from storage.herds.farms import Farm, all_farms


def push_farms(
    settings: Settings,
    names: Sequence[str],
    *,
    name: str | None,
    address: str | None,
    language: Language,
    dry_run: bool,
) -> list[Difference]:
    """Bring the server of the settings to show some farms; return what differed.

    Args:
        settings: Name the server, its token, who is told, and the node.
        names: Of the farms.
        name: Of the role that reads several; needed with more than one farm.
        address: `host:port` at which the server reaches the database; as this machine does if `None`.
        language: Of the dashboards.
        dry_run: Whether nothing is to be changed.

    Raises:
        SettingsError: no server, no token, no name for several farms, or the database has no address for others.
    """
    if settings.grafana_url is None or settings.grafana_token is None:
        raise SettingsError("which Grafana? Name --url and --token, or ANIMOV_GRAFANA_URL and ANIMOV_GRAFANA_TOKEN")
    if len(names) > 1 and name is None:
        raise SettingsError("who reads several farms needs a --name of its own")
    mails = [mail.strip() for mail in settings.grafana_mails.split(",") if mail.strip()]
    api = open_grafana(str(settings.grafana_url), settings.grafana_token.get_secret_value())
    with node_access(settings) as access:
        farms = _farms(access.owner, names)
        called = names[0] if name is None else name
        known = own_reader(access.owner, called) if name is None else _role_of_several(access.owner, called, names)
        url = urlsplit(access.owner)
        at = address or _address(settings, url.hostname, url.port)
        outlet = outlet_for(called, language, _time_zone(farms))
        source = Source(at, url.path.lstrip("/"), known or _missing_role(called))
        title = farms[0].title or farms[0].name if name is None else name
        things = wanted(outlet, title, source, mails)
        if dry_run:
            return list(differences(api, things, renew=known is None))
        return push(
            api,
            things,
            lambda: _new_password(access.owner, called, names, alone=name is None),
            renew=known is None,
        )


def _new_password(owner_url: str, called: str, names: Sequence[str], *, alone: bool) -> str:
    password = token_urlsafe(24)
    if alone:
        make_reader(owner_url, called, password, actor=actor())
    else:
        make_reader_of(owner_url, called, names, password, actor=actor())
    return password


def _role_of_several(owner_url: str, called: str, names: Sequence[str]) -> str | None:
    """Return the role if it reads these very farms; else the data source is written, and the role with it."""
    return PREFIX + called if reads(owner_url, called) == frozenset(names) else None


def _missing_role(called: str) -> str:
    return (PREFIX + called)[:63]


def _farms(owner_url: str, names: Sequence[str]) -> list[Farm]:
    engine = engine_for(owner_url)
    try:
        with engine.connect() as connection:
            known = {farm.name: farm for farm in all_farms(connection)}
    finally:
        engine.dispose()
    for name in names:
        if name not in known:
            raise NotFoundError("farm", name)
    return [known[name] for name in names]


def _time_zone(farms: Sequence[Farm]) -> str:
    """Return the zone of the farms; of those who look where they differ."""
    zones = {farm.time_zone for farm in farms}
    return zones.pop() if len(zones) == 1 else "browser"


def _address(settings: Settings, host: str | None, port: int | None) -> str:
    if settings.database_url is not None and host:
        return f"{host}:{port or 5432}"
    running = embedded.find_running(settings.data_dir)
    if running is None or running.tcp_port is None:
        raise SettingsError("Grafana needs a port of the database: start the node with --db-port, or name --database")
    return f"127.0.0.1:{running.tcp_port}"
