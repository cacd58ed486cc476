"""A proxy between gateway and cluster that cuts what the cluster says into pieces."""

import itertools
import os
import socket
import threading

ODD = (1, 2, 3, 5, 7, 11, 13, 31, 61, 127)


class Cutter:
    """Listens on a free port; `sizes` of the pieces towards the gateway repeat, and are none where it passes all."""

    def __init__(self, port, sizes=()):
        self.target, self.sizes = port, sizes
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.sockets = [self.listener]
        self.pieces = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
                server = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                return
            self.sockets += [client, server]
            for one in (client, server):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._pump, args=(client, server, ()), daemon=True).start()
            threading.Thread(target=self._pump, args=(server, client, self.sizes), daemon=True).start()

    def _pump(self, source, sink, sizes):
        lengths = itertools.cycle(sizes)
        try:
            while data := source.recv(65536):
                at = 0
                while at < len(data):
                    size = next(lengths) if sizes else len(data)
                    sink.sendall(data[at:at + size])
                    at += size
                    self.pieces += 1
                    # Lets the gateway take this piece before the next one joins it.
                    if sizes:
                        os.sched_yield()
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def close(self):
        for one in self.sockets:
            one.close()
