"""`alerts notify`: who is told of a farm's alerts, and how the farm wants to be told."""

import json
import sys
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import datetime, time
from enum import StrEnum
from time import time as time_now
from typing import TYPE_CHECKING, Annotated, Any

import typer

from animov.commands.options import DataDir, Json, settings_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from storage.alerting.notice_channels import Channel, Rule
    from storage.alerting.notifications import Counts
    from storage.engine.database import Connection

app = typer.Typer(help="Mails and webhooks: who is told of alerts, and when.", no_args_is_help=True)

FarmName = Annotated[str, typer.Argument(help="The farm.", metavar="FARM")]


class Tongue(StrEnum):
    """A language of notices."""

    FR = "fr"
    EN = "en"


@app.command()
def show(farm: FarmName, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Show how a farm is told, who is told, and what waits or was refused.

    Example: animov alerts notify show barn
    """
    from storage.alerting import notice_channels, notifications

    with _farm_of(farm, data_dir) as (connection, farm_id):
        rule = notice_channels.rule_of(connection, farm_id)
        told = [
            (channel, notifications.counts(connection, channel.id))
            for channel in notice_channels.channels_of(connection, farm_id)
        ]
    if as_json:
        plain = {"rule": _plain(asdict(rule)), "told": [_plain(_shown(*each)) for each in told]}
        sys.stdout.write(json.dumps(plain) + "\n")
        return
    sys.stdout.write(_sentence(rule) + "".join(_line(*each) for each in told))
    if not told:
        sys.stdout.write(f"nobody is told; animov alerts notify add {farm} ADDRESS\n")


@app.command("set")
def set_rule(
    farm: FarmName,
    lang: Annotated[Tongue | None, typer.Option(help="Language of all that is said; at first fr.")] = None,
    quiet: Annotated[
        str | None, typer.Option(help="Local hours in which nothing is sent, or none.", metavar="22:00-06:00")
    ] = None,
    digest: Annotated[
        str | None, typer.Option(help="Local time of the daily digest, or none; at first 07:00.", metavar="07:00")
    ] = None,
    critical_anytime: Annotated[
        bool | None,
        typer.Option("--critical-anytime/--critical-waits", help="Do critical alerts break the quiet? At first not."),
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Say how a farm wants to be told; what is not said stays.

    Example: animov alerts notify set barn --quiet 22:00-06:00 --critical-anytime --digest 07:30
    """
    from animov.audit import note
    from storage.alerting import notice_channels

    changes: dict[str, Any] = {} if lang is None else {"language": lang.value}
    if quiet is not None:
        changes |= dict(zip(("quiet_from", "quiet_until"), _span(quiet), strict=True))
    if digest is not None:
        changes["digest_at"] = None if digest == "none" else _time(digest, "--digest")
    if critical_anytime is not None:
        changes["critical_anytime"] = critical_anytime
    with _farm_of(farm, data_dir) as (connection, farm_id):
        rule = replace(notice_channels.rule_of(connection, farm_id), **changes)
        notice_channels.set_rule(connection, farm_id, rule)
        note(connection, farm_id, "notices.rule_changed", f"notices of {farm}", asdict(rule))
    sys.stdout.write(_sentence(rule))


@app.command()
def add(
    farm: FarmName,
    address: Annotated[str, typer.Argument(help="Of a mailbox, or the URL of a webhook.", metavar="ADDRESS")],
    data_dir: DataDir = None,
) -> None:
    """Tell somebody of a farm's alerts from now on; the secret of a webhook is printed once.

    Example: animov alerts notify add barn marie@example.org
    """
    from animov.audit import note
    from core.notice_addresses import fresh_secret, is_callable_url, is_mailbox
    from storage.alerting import notice_channels

    settings = settings_for("command", quiet=True, data_dir=data_dir)
    is_mail = is_mailbox(address)
    if not is_mail and not is_callable_url(address):
        raise typer.BadParameter(f"{address!r} is neither name@host nor a URL of http or https", param_hint="ADDRESS")
    secret = "" if is_mail else fresh_secret()
    with _farm_of(farm, data_dir) as (connection, farm_id):
        notice_channels.add_channel(connection, farm_id, "mail" if is_mail else "webhook", address, secret)
        note(connection, farm_id, "notices.channel_added", address)
    sys.stdout.write(f"{address} is told of the alerts of {farm}\n" + (f"secret {secret}\n" if secret else ""))
    if is_mail and settings.smtp_url is None:
        sys.stderr.write("no mails are sent before ANIMOV_SMTP_URL is set where the node runs\n")


@app.command()
def remove(
    farm: FarmName,
    address: Annotated[str, typer.Argument(help="As shown.", metavar="ADDRESS")],
    data_dir: DataDir = None,
) -> None:
    """Tell somebody nothing more, also of what waits.

    Example: animov alerts notify remove barn marie@example.org
    """
    from animov.audit import note
    from storage.alerting import notice_channels

    with _farm_of(farm, data_dir) as (connection, farm_id):
        notice_channels.remove_channel(connection, farm_id, address)
        note(connection, farm_id, "notices.channel_removed", address)
    sys.stdout.write(f"{address} is told nothing more of {farm}\n")


@app.command("test")
def send_test(
    farm: FarmName,
    address: Annotated[str, typer.Argument(help="As shown.", metavar="ADDRESS")],
    data_dir: DataDir = None,
) -> None:
    """Send one message now, whatever the hour, and say what its server answered.

    Example: animov alerts notify test barn marie@example.org
    """
    from animov.audit import note
    from core.errors import UnavailableError
    from storage.alerting import notice_channels
    from stream.notifying.jobs import sender
    from stream.notifying.trials import test_message

    settings = settings_for("command", quiet=True, data_dir=data_dir)
    with _farm_of(farm, data_dir) as (connection, farm_id):
        channel = notice_channels.find_channel(connection, farm_id, address)
        message = test_message(connection, channel, time_now)
        note(connection, farm_id, "notices.test_asked", address)
    outcome = sender(settings, time_now)(channel, message)
    if outcome.end != "taken":
        raise UnavailableError(f"{address} was not told: {outcome.why}")
    sys.stdout.write(f"the server of {address} took a test message\n")


@app.command()
def resend(
    farm: FarmName,
    address: Annotated[str, typer.Argument(help="As shown.", metavar="ADDRESS")],
    data_dir: DataDir = None,
) -> None:
    """Let what was refused, or waits for its next attempt, be told by the node at once; quiet hours still hold.

    Example: animov alerts notify resend barn marie@example.org
    """
    from animov.audit import note
    from storage.alerting import notice_channels, notifications

    with _farm_of(farm, data_dir) as (connection, farm_id):
        channel = notice_channels.find_channel(connection, farm_id, address)
        waiting = notifications.tell_again(connection, channel.id)
        note(connection, farm_id, "notices.resent", address)
    sys.stdout.write(f"{waiting} alerts are to be told to {address}\n")


@contextmanager
def _farm_of(name: str, data_dir: "Path | None") -> "Iterator[tuple[Connection, int]]":
    """Open a transaction on a farm of the node, committed at the end."""
    from animov.access import node_engine
    from storage.herds import herd

    with node_engine(settings_for("command", quiet=True, data_dir=data_dir)) as engine, engine.begin() as connection:
        yield connection, herd.find_farm(connection, name)


def _span(text: str) -> tuple[time | None, time | None]:
    if text == "none":
        return None, None
    start, _, end = text.partition("-")
    span = _time(start, "--quiet"), _time(end, "--quiet")
    if span[0] == span[1]:
        raise typer.BadParameter(f"{text!r} is no time at all, or all of it", param_hint="--quiet")
    return span


def _time(text: str, option: str) -> time:
    try:
        return datetime.strptime(text, "%H:%M").time()  # noqa: DTZ007 - a time on the farm's wall clock
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a time such as 22:00", param_hint=option) from None


def _sentence(rule: "Rule") -> str:
    quiet = "none"
    if rule.quiet_from is not None and rule.quiet_until is not None:
        broken = ", but for critical alerts" if rule.critical_anytime else ""
        quiet = f"{rule.quiet_from:%H:%M} to {rule.quiet_until:%H:%M}{broken}"
    digest = "none" if rule.digest_at is None else f"{rule.digest_at:%H:%M}"
    return f"language {rule.language}; quiet hours {quiet}; digest {digest}\n"


def _line(channel: "Channel", counts: "Counts") -> str:
    fault = f"; last attempt failed: {channel.error}" if channel.error else ""
    refused = f", {counts.refused} refused ({counts.why})" if counts.refused else ""
    return f"{channel.address}: {counts.sent} sent, {counts.waiting} waiting{refused}{fault}\n"


def _shown(channel: "Channel", counts: "Counts") -> dict[str, Any]:
    names = ("kind", "address", "failures", "error", "retry_at", "sent_at")
    return {**{name: getattr(channel, name) for name in names}, **counts._asdict()}


def _plain(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, datetime | time) else value for name, value in fields.items()}
