"""Webhooks reach the public internet and what whoever runs the node names, however an address is written."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from core.private_networks import NOTHING, is_public, parse_allowed, reachable
from core.settings import Settings

PRIVATE = [
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.2.1",
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::127.0.0.1",
    "64:ff9b::a00:1",
    "64:ff9b:1::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2001:0:1:1:0:0:f5ff:fffe",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
]
PUBLIC = ["1.1.1.1", "172.15.255.255", "172.32.0.1", "192.167.255.255", "::ffff:1.1.1.1", "64:ff9b::101:101"]
PUBLIC += ["2606:4700::1111"]


@pytest.mark.parametrize("address", PRIVATE)
def test_what_is_not_public_is_not_reached(address):
    assert reachable("example.org", [address], NOTHING) == []


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_public_is_reached(address):
    assert reachable("example.org", [address], NOTHING) == [address]


def written_as(address):
    """The ways to write an IPv4 address in 128 bits."""
    number = int(address)
    yield str(address)
    yield f"::ffff:{address}"
    yield str(IPv6Address((0x64FF9B << 96) | number))
    yield str(IPv6Address((0x2002 << 112) | (number << 80)))


@given(st.sampled_from([*PRIVATE[:14], "1.1.1.1", "8.8.4.4"]))
def test_an_address_is_judged_the_same_however_it_is_written(address):
    given = IPv4Address(address)
    for written in written_as(given):
        assert bool(reachable("x", [written], NOTHING)) == is_public(given), written
        assert reachable("x", [written], parse_allowed(f"{address}/32")) == [written]


def test_of_several_addresses_those_that_may_be_reached_stay_in_their_order():
    found = ["10.0.0.1", "1.1.1.1", "::1", "192.168.1.5"]
    assert reachable("x", found, parse_allowed("192.168.0.0/16")) == ["1.1.1.1", "192.168.1.5"]


def test_a_name_that_is_allowed_leads_wherever_it_leads():
    allowed = parse_allowed("HomeAssistant.lan, fd00::/8")
    assert reachable("homeassistant.LAN", ["127.0.0.1"], allowed) == ["127.0.0.1"]
    assert reachable("other.lan", ["127.0.0.1", "fd00::2"], allowed) == ["fd00::2"]


def test_names_and_networks_are_read():
    allowed = parse_allowed(" ha.lan,127.0.0.1,, 10.0.0.0/8 ")
    assert allowed.hosts == {"ha.lan"}
    assert allowed.networks == (IPv4Network("127.0.0.1/32"), IPv4Network("10.0.0.0/8"))
    assert parse_allowed("") == NOTHING


@pytest.mark.parametrize("wrong", ["10.0.0.1/8", "10.0.0", "::x", "a/b", "300.1.1.1"])
def test_what_is_neither_is_refused_when_the_node_starts(wrong):
    with pytest.raises(ValidationError, match="neither a name nor a network"):
        Settings(webhook_networks=wrong)


@given(st.ip_addresses(v=4))
def test_nothing_private_is_public(address):
    if is_public(address):
        kinds = (address.is_private, address.is_loopback, address.is_link_local, address.is_multicast)
        assert not any(kinds)


def test_the_metadata_of_clouds_is_not_public():
    assert not is_public(ip_address("169.254.169.254"))
