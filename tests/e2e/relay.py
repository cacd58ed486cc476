"""A TCP relay on loopback that keeps what it carries, and can stop carrying it."""

import contextlib
import select
import socket
import threading


class Relay:
    """`port` leads to `to`. `connections`: of each, the turns [(is_to_target, bytes), ...]."""

    def __init__(self, to):
        self.to = to
        self.connections = []
        self.held = threading.Event()  # set: bytes stop here, connections are still taken
        self._stop = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.1)
        self.port = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def _accept(self):
        while not self._stop.is_set():
            with contextlib.suppress(OSError):
                client, _ = self._listener.accept()
                turns = []
                self.connections.append(turns)
                thread = threading.Thread(target=self._carry, args=(client, turns), daemon=True)
                thread.start()
                self._threads.append(thread)

    def _carry(self, client, turns):
        with client, contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.to)) as target:
            while not self._stop.is_set():
                ready = select.select([client, target], [], [], 0.05)[0]
                if self.held.is_set():
                    self._stop.wait(0.05)
                    continue
                for side in ready:
                    data = side.recv(65536)
                    if not data:
                        return
                    to_target = side is client
                    if turns and turns[-1][0] == to_target:
                        turns[-1] = (to_target, turns[-1][1] + data)
                    else:
                        turns.append((to_target, data))
                    (target if to_target else client).sendall(data)

    def carried(self):
        """All bytes of all connections."""
        return b"".join(data for turns in list(self.connections) for _, data in list(turns))

    def close(self):
        self._stop.set()
        self._listener.close()
        for thread in self._threads:
            thread.join(10)
