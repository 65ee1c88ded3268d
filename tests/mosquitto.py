"""A Mosquitto of one's own, for what needs a broker that keeps messages."""

import asyncio
import getpass
import shutil
import socket
from contextlib import asynccontextmanager, suppress

import aiomqtt

from animov.ports import free_port
from ingest.broker import Broker
from ingest.mqtt.testing import until

HOST = "127.0.0.1"


class Mosquitto:
    """A broker that keeps nothing beyond its life, unless it is told to, and can be started again."""

    def __init__(self, folder, *lines):
        self.port = free_port(HOST)
        self._config = folder / "mosquitto.conf"
        self._config.write_text(
            "\n".join((f"listener {self.port} {HOST}", f"user {getpass.getuser()}", "max_inflight_messages 50", *lines))
        )

    def broker(self, **facts):
        return Broker(HOST, self.port, **facts)

    async def start(self):
        program = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin")
        self._process = await asyncio.create_subprocess_exec(
            program, "-c", str(self._config), stderr=asyncio.subprocess.DEVNULL
        )
        await until(self._answers)

    def _answers(self):
        with suppress(OSError), socket.create_connection((HOST, self.port), 1):
            return True
        return False

    async def stop(self, *, kill=False):
        if self._process.returncode is None:
            self._process.kill() if kill else self._process.terminate()
            await self._process.wait()

    async def publish(self, topic, payload, *, retain=True):
        async with aiomqtt.Client(HOST, self.port) as client:
            await client.publish(topic, payload, 1, retain)

    async def kept(self):
        """Whatever it keeps now, by topic."""
        found = {}
        async with aiomqtt.Client(HOST, self.port) as client:
            await client.subscribe("#", 1)
            await client.publish("end", b"", 1)
            async for message in client.messages:
                if message.topic.value == "end":
                    return found
                if message.retain:
                    found[message.topic.value] = message.payload
        raise AssertionError


@asynccontextmanager
async def running(folder, *lines):
    server = Mosquitto(folder, *(lines or ("allow_anonymous true",)))
    await server.start()
    try:
        yield server
    finally:
        await server.stop()
