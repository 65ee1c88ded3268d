"""`up` and the parts of a node, each of which also runs by itself."""

import asyncio
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final, Literal

import typer

from animov.commands.options import ApiPort, DataDir, DbPort, Host, MqttPort, settings_for


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file."""
    for command in _COMMANDS:
        app.command()(command)


def has(name: str | None = None) -> bool:
    """Tell whether a command is of this file."""
    return name in {command.__name__ for command in _COMMANDS}


def _group(name: str | None) -> str | None:
    if name is not None and (not _is_plain(name) or set(name) & set("/+#")):
        raise typer.BadParameter(f"{name!r} can't be the name of a group: it is empty, or has /, +, # or a line's end")
    return name


def _client_id(name: str) -> str:
    if not _is_plain(name):
        raise typer.BadParameter(f"{name!r} can't be the name of a session: it is empty, or has what can't be shown")
    return name


def _is_plain(name: str) -> bool:
    return name.isprintable() and bool(name.strip())


def up(
    data_dir: DataDir = None,
    host: Host = None,
    mqtt_port: MqttPort = None,
    api_port: ApiPort = None,
    db_port: DbPort = None,
) -> None:
    """Run a whole node on this machine until Ctrl-C.

    Example: animov up --data-dir ./barn --host 0.0.0.0
    """
    from animov.node import ready_line, whole_node
    from animov.phone import for_phone
    from animov.supervisor import Supervisor, until_signal
    from animov.welcome import how_to_begin

    settings = settings_for(
        "node", data_dir=data_dir, host=host, mqtt_port=mqtt_port, api_port=api_port, db_port=db_port
    )
    with until_signal() as ending, whole_node(Supervisor(ending), settings) as node:
        sys.stderr.write(how_to_begin(node, settings) + for_phone(node.api, drawn=sys.stderr.isatty()))
        sys.stdout.write(ready_line(node, settings) + "\n")
        sys.stdout.flush()
        ending.wait()


def demo(
    data_dir: DataDir = None,
    host: Host = None,
    mqtt_port: MqttPort = None,
    api_port: ApiPort = None,
    db_port: DbPort = None,
    picture: Annotated[
        Path | None, typer.Option(help="Keep a picture of the table, as it last was, in this SVG file.", metavar="FILE")
    ] = None,
) -> None:
    """Run a node with a simulated herd, 60 times as fast as the wall clock, until Ctrl-C.

    Example: animov demo
    """
    from animov.show import show
    from animov.supervisor import until_signal
    from core.settings import default_data_dir

    settings = settings_for(
        "demo",
        quiet=True,
        data_dir=data_dir or default_data_dir() / "demo",
        host=host,
        mqtt_port=mqtt_port,
        api_port=api_port,
        db_port=db_port,
    )
    with until_signal() as ending:
        show(settings, ending, picture)


def ingest(
    data_dir: DataDir = None,
    host: Host = None,
    mqtt_port: MqttPort = None,
    broker: Annotated[
        str | None,
        typer.Option(
            help="Subscribe at an existing broker in place of listening: mqtt://..., or a file that holds such a URL.",
            metavar="URL",
        ),
    ] = None,
    group: Annotated[
        str | None,
        typer.Option(help="Share the broker's messages with the other subscribers of this group.", callback=_group),
    ] = None,
    client_id: Annotated[
        str, typer.Option(help="Name of our session at the broker; each subscriber needs its own.", callback=_client_id)
    ] = "animov",
    to: Annotated[
        Literal["database", "kafka"],
        typer.Option(help="Commit what messages say, or bring them to Kafka for the workers of 'animov stream'."),
    ] = "database",
) -> None:
    """Run the edge alone: take MQTT, commit evidence or bring messages to Kafka, acknowledge.

    Example: animov ingest --to kafka --broker mqtt://user:password@broker:1883 --group bridges --client-id bridge-1
    """
    from animov import lifeline
    from animov.access import running_access
    from animov.broker_passwords import broker_named
    from ingest.subscription import Subscription

    lifeline.watch()
    settings = settings_for("edge", data_dir=data_dir, host=host, mqtt_port=mqtt_port)
    access = running_access(settings)
    if to == "kafka":
        with libraries_of_the_cluster():
            from animov.bridging import run_bridge as listen
            from animov.bridging import run_subscribed_bridge as hear
    else:
        from animov.edge import run_edge as listen
        from animov.edge import run_subscriber as hear
    if broker is None:
        asyncio.run(listen(access, settings))
    else:
        subscription = Subscription(client_id=client_id, group=group, window_bytes=settings.inbox_bytes)
        asyncio.run(hear(access, settings, broker_named(broker), subscription))


def stream(
    data_dir: DataDir = None,
    runner: Annotated[Literal["faust"], typer.Option(help="What shares the work out.")] = "faust",
) -> None:
    """Run a worker of a cluster: take messages from Kafka, commit evidence; several share the work.

    It ends with code 1 when Kafka gives it up or its commits stand still, and is to be started again then.

    Example: ANIMOV_KAFKA_BROKERS=kafka:9092 animov stream --runner faust
    """
    from animov import lifeline
    from animov.access import running_access

    del runner  # there is one
    with libraries_of_the_cluster():
        from animov.working import run_worker

    lifeline.watch()
    settings = settings_for("worker", data_dir=data_dir)
    asyncio.run(run_worker(running_access(settings), settings))


@contextmanager
def libraries_of_the_cluster() -> Iterator[None]:
    """Say what to install where the libraries that are imported within are missing."""
    from core.errors import UnavailableError

    try:
        yield
    except ModuleNotFoundError as missing:
        raise UnavailableError(
            f"{missing.name} is not installed here: 'uv sync --extra cluster' brings what Kafka needs"
        ) from missing


def forecast(data_dir: DataDir = None) -> None:
    """Run the forecast worker alone.

    Example: animov forecast --data-dir ./barn
    """
    from animov import lifeline
    from animov.access import running_access
    from animov.forecaster import run_forecaster

    lifeline.watch()
    settings = settings_for("forecast", data_dir=data_dir)
    asyncio.run(run_forecaster(running_access(settings), settings))


def api(data_dir: DataDir = None, host: Host = None, api_port: ApiPort = None) -> None:
    """Run the API alone.

    Example: animov api --data-dir ./barn --api-port 8000
    """
    from animov import lifeline
    from animov.beginning import beginning

    lifeline.watch()
    with beginning() as begun:
        from animov.access import running_access
        from animov.interface import run_api

        settings = settings_for("api", data_dir=data_dir, host=host, api_port=api_port)
        run_api(running_access(settings), settings, begun)


def homeassistant(
    data_dir: DataDir = None,
    remove: Annotated[
        bool, typer.Option("--remove", help="Take everything of this node away from the broker instead, and end.")
    ] = False,
) -> None:
    """Show farms in Home Assistant, by MQTT discovery on its broker; 'animov up' does so if the broker is set.

    Example: ANIMOV_HOMEASSISTANT_URL=mqtt://animov:password@homeassistant.lan animov homeassistant
    """
    from animov import lifeline
    from animov.access import running_access
    from animov.homeassistant import remove_homeassistant, run_homeassistant

    lifeline.watch()
    settings = settings_for("homeassistant", data_dir=data_dir)
    if remove:
        asyncio.run(remove_homeassistant(settings))
    else:
        asyncio.run(run_homeassistant(running_access(settings), settings))


_COMMANDS: Final[Sequence[Callable[..., None]]] = (up, demo, ingest, stream, forecast, api, homeassistant)
