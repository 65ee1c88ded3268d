"""A port that was found for a part stays the part's own, whether somebody listens there at the moment or not."""

import errno
import socket
import sys

import pytest

from animov.ports import free_port, reserved_port
from core.errors import UnavailableError

HOST = "127.0.0.1"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a port that is held is taken for its owner too")
def test_a_free_port_is_for_whom_it_was_found_and_for_nobody_else():
    port = free_port(HOST)
    for _ in range(2):
        with socket.create_server((HOST, port)), socket.create_connection((HOST, port)):
            pass
    with socket.socket() as other, pytest.raises(OSError, match="in use") as refused:
        other.bind((HOST, port))
    assert refused.value.errno == errno.EADDRINUSE


def test_a_reserved_port_is_anybodys_after_the_block():
    with reserved_port(HOST) as port:
        pass
    with socket.socket() as other:
        other.bind((HOST, port))


def test_an_address_of_another_machine_is_told():
    with pytest.raises(UnavailableError, match=r"nothing can listen on '192\.0\.2\.1'"):
        free_port("192.0.2.1")
