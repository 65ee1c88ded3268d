"""`console`: the page of whoever works the model, in a process of its own beside the API."""

import sys
from typing import Annotated
from urllib.parse import urlsplit

import typer

from animov.commands.options import language_named, settings_for


def add_to(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command()(console)


def console(
    api: Annotated[
        str | None,
        typer.Option(help="Address of the API; that of the node on this machine if left out.", metavar="URL"),
    ] = None,
    host: Annotated[str, typer.Option(help="Address on which the console listens.", metavar="ADDR")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port of the console; 0: any free one.", min=0, max=65535)] = 8501,
    lang: Annotated[str, typer.Option(help="Language of who has not chosen one: fr or en.")] = "fr",
) -> None:
    """Run the console: choose data, train models, predict, follow and compare them, in a browser.

    It speaks to a node by its API alone, and can be on another machine.

    Example: animov console --api http://127.0.0.1:8000
    """
    from animov import lifeline
    from animov.phone import for_phone
    from api.listener import address_of, listening
    from dashboards.console.serving import serve

    if api is not None and (urlsplit(api).scheme not in {"http", "https"} or not urlsplit(api).hostname):
        raise typer.BadParameter(f"{api!r} is not an address such as http://127.0.0.1:8000", param_hint="--api")
    lifeline.watch()
    language = language_named(lang)
    settings = settings_for("console")
    with listening(host, port) as listener:
        address = address_of(listener)

        def ready() -> None:
            sys.stderr.write(f"The console is at {address}/\n" + for_phone(address, drawn=sys.stderr.isatty()))
            lifeline.say_ready(console=address)

        serve(api=api or f"http://127.0.0.1:{settings.api_port}", language=language, listener=listener, ready=ready)
