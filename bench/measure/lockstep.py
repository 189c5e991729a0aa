"""A client and an upstream in one: every step of a request begins when the gateway has come to rest after the last one.

So nothing depends on who is faster: each read finds the same bytes, and the gateway takes the same path for each request.
"""
import socket
import time
from pathlib import Path

RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 1024\r\n\r\n" + b"1" * 1024
PATIENCE = 30  # seconds; valgrind is slow


class Upstream:
    """Listens; `address` is host:port."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(PATIENCE)
        self.address = "127.0.0.1:{}".format(self.listener.getsockname()[1])


class Lockstep:
    """One connection to the gateway, and the one that it opens to the upstream."""

    def __init__(self, pid, port, upstream):
        self.pid, self.upstream = pid, upstream
        self.client = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self.proxied = None

    def run(self, head):
        """Makes a request, whose head it is given, and answers it as its upstream. Returns the status of the answer."""
        self._wait_for_rest()
        self.client.sendall(head)
        if self.proxied is None:
            self.proxied, _ = self.upstream.listener.accept()
            self.proxied.settimeout(PATIENCE)
        self._receive(self.proxied)
        self._wait_for_rest()
        self.proxied.sendall(RESPONSE)
        return self._status()

    def refused(self, head):
        """Makes a request that the gateway answers by itself. Returns the status of the answer."""
        self._wait_for_rest()
        self.client.sendall(head)
        return self._status()

    def _status(self):
        return int(self._receive(self.client).split(b" ", 2)[1])

    @staticmethod
    def _receive(connection):
        """A whole message with its body, if there is one."""
        received = b""
        while True:
            piece = connection.recv(65536)
            if not piece:
                raise RuntimeError(f"the connection ended after {received!r}")
            received += piece
            head, end, body = received.partition(b"\r\n\r\n")
            if end and len(body) >= content_length(head):
                return received

    def _wait_for_rest(self):
        """Returns when all threads of the gateway sleep."""
        deadline = time.monotonic() + PATIENCE
        while any(state(task) != "S" for task in Path(f"/proc/{self.pid}/task").iterdir()):
            if time.monotonic() > deadline:
                raise RuntimeError("the gateway does not come to rest")


def state(task):
    """Of a thread, as proc_pid_stat(5) has it: `S` sleeps, `R` runs."""
    return (task / "stat").read_text().rpartition(")")[2].split()[0]


def content_length(head):
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0
