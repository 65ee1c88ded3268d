"""`up` and the parts of a node, each of which also runs by itself."""

import asyncio
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Final

import typer

from animov.commands.options import ApiPort, DataDir, DbPort, Host, MqttPort, settings_for


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file."""
    for command in _COMMANDS:
        app.command()(command)


def has(name: str | None = None) -> bool:
    """Tell whether a command is of this file."""
    return name in {command.__name__ for command in _COMMANDS}


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
    from animov.supervisor import Supervisor, until_signal
    from animov.welcome import how_to_begin

    settings = settings_for(
        "node", data_dir=data_dir, host=host, mqtt_port=mqtt_port, api_port=api_port, db_port=db_port
    )
    with until_signal() as ending, whole_node(Supervisor(ending), settings) as node:
        sys.stderr.write(how_to_begin(node, settings))
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
        str | None, typer.Option(help="Subscribe at an existing broker in place of listening.", metavar="mqtt://...")
    ] = None,
    group: Annotated[
        str | None, typer.Option(help="Share the broker's messages with the other subscribers of this group.")
    ] = None,
    client_id: Annotated[str, typer.Option(help="Name of our session at the broker.")] = "animov",
) -> None:
    """Run the edge alone: take MQTT, commit evidence, acknowledge.

    Example: animov ingest --data-dir ./barn --broker mqtt://user:password@broker:1883
    """
    from animov import lifeline
    from animov.access import running_access
    from animov.edge import run_edge, run_subscriber
    from ingest.broker import parse_broker
    from ingest.subscriber import Subscription

    lifeline.watch()
    settings = settings_for("edge", data_dir=data_dir, host=host, mqtt_port=mqtt_port)
    access = running_access(settings)
    if broker is None:
        asyncio.run(run_edge(access, settings))
    else:
        subscription = Subscription(client_id=client_id, group=group)
        asyncio.run(run_subscriber(access, settings, parse_broker(broker), subscription))


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


_COMMANDS: Final[Sequence[Callable[..., None]]] = (up, demo, ingest, forecast, api)
