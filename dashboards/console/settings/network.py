"""Collars that don't come by themselves: those that need a password, and devices of network servers."""

import re
from typing import Any

import streamlit as st

from dashboards.console import session
from dashboards.console.said import plain, say
from dashboards.console.session import Farm
from dashboards.console.settings import moments
from dashboards.console.settings.asking import done, refused_at


def credentials(farm: Farm) -> None:
    """Give a collar a password for MQTT, which is shown this once."""
    key = f"credentials.{farm.name}"
    name = (
        st.text_input(say("credentials_name"), key=session.kept(key), placeholder=say("credentials_example")) or ""
    ).strip()
    slot = st.empty()
    if st.button(say("credentials_make")):
        with refused_at(name=slot):
            made = session.api().post("/farms/{}/collars/{}/password", farm.name, _collar(farm, name))
            st.warning(say("credentials_once"))
            st.code("\n".join([made["username"], made["password"]]), language=None)


def _collar(farm: Farm, name: str) -> int:
    for known in session.api().items("/farms/{}/collars", farm.name, name=name):
        return int(known["id"])
    return int(session.api().post("/farms/{}/collars", farm.name, body={"name": name})["id"])


def devices(farm: Farm) -> None:
    """Show devices of network servers that are no collar yet, and make collars of them; only if there are any."""
    found = list(session.api().items("/farms/{}/unknown-devices", farm.name))
    if not found:
        return
    st.subheader(say("devices"))
    st.caption(say("devices_help"))
    for device in found:
        with st.container(border=True):
            _one(farm, device)


def _one(farm: Farm, device: dict[str, Any]) -> None:
    at = moments.shown(moments.instant(device["last_received"]), farm.zone)
    st.markdown(say("device_line", device=plain(device["device"]), count=device["messages"], at=at))
    key = f"devices.{farm.name}.{device['device']}"
    proposed = re.sub("[^A-Za-z0-9_-]", "-", device["device"].partition(":")[2])[:64]
    name = (st.text_input(say("device_name"), key=session.kept(key, proposed)) or "").strip()
    slot = st.empty()
    if st.button(say("device_make"), key=f"{key}.make"):
        with refused_at(name=slot):
            place = ("/farms/{}/collars/{}/devices", farm.name, _collar(farm, name))
            told = session.api().post(*place, body={"device": device["device"]})
            done(say("device_made", name=name, count=told["retried"]))
