"""What tests of opaque targets share: a gateway with listeners of its own, and how much is sent through them."""

import os
import socket

import process
import tap
import tunnels
import world

SIZE = (1024 if tap.FULL else 64) << 20
MEMORY_MAX = 16 << 20
# What is measured is what the gateway holds, not what mimalloc keeps of what was given back (20 to 60 MiB for a while).
os.environ["MIMALLOC_DECOMMIT_DELAY"] = "0"


def echo(connection, server):
    while block := connection.recv(65536):
        connection.sendall(block)


def ways(records):
    return [one["value"] for record in records if record["kind"] == "note" for one in record["facts"]["fields"]
            if one["name"] == "way"]


class Case(world.Case):
    """A gateway with one opaque listener a server of SERVERS, and what MORE adds."""

    SERVERS = {}
    MORE = ""
    SERVER_KEYS = ""
    LOG = ""

    @classmethod
    def setUpClass(cls):
        cls.servers = {name: tunnels.Server(serve) for name, serve in cls.SERVERS.items()}
        for server in cls.servers.values():
            cls.addClassCleanup(server.close)
        cls.ports = {name: process.free_port() for name in cls.servers}
        text = "".join(tunnels.target(name, server.port, cls.ports[name]) for name, server in cls.servers.items())
        cls.settings = {"targets": text + cls.more(), "server": cls.SERVER_KEYS, "log": cls.LOG}
        super().setUpClass()

    @classmethod
    def more(cls):
        return cls.MORE

    def connect(self, name, source="127.0.0.1"):
        made = socket.create_connection(("127.0.0.1", self.ports[name]), 60, source_address=(source, 0))
        self.addCleanup(made.close)
        return made

    def ended(self, connection):
        """What came until the end of the stream or a reset."""
        got = b""
        try:
            while block := connection.recv(65536):
                got += block
        except ConnectionError:
            pass
        return got

    def session(self, target, **wanted):
        """The newest recorded session at `target` that is over and has these facts."""
        def found():
            all_sessions = [one for one in self.gate.run("sessions", "--limit", "0") if one["target"] == target
                            and one["closed"] and all(one[key] == value for key, value in wanted.items())]
            return all_sessions[-1] if all_sessions else None

        return process.until(found, f"the record of a session at {target} with {wanted}")

    def shown(self, session):
        return self.gate.run("show", session["sid"])
