"""The command line before it has commands."""

import typer


def line() -> typer.Typer:
    """Return it."""
    return typer.Typer(
        name="animov",
        help="From a goat collar's MQTT message to a 48-hour forecast of the share of time standing.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    )
