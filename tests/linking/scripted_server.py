"""A tiny server on loopback whose answers a test writes byte by byte."""

import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Script = Callable[[socket.socket, str], None]


class ScriptedServer:
    """Answers each connection with `script(connection, request head)` and keeps the heads it was sent."""

    def __init__(self, *, script: Script) -> None:
        self.heads: list[str] = []
        self.is_stopping = threading.Event()
        self._script = script
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self.is_stopping.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(timeout=10)

    def _serve(self) -> None:
        while not self.is_stopping.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                head = _request(connection)
                self.heads.append(head)
                try:
                    self._script(connection, head)
                except OSError:
                    continue  # the client had enough, which is what some tests are about


def _request(connection: socket.socket) -> str:
    """Read one request, with the body it announces."""
    text = ""
    while "\r\n\r\n" not in text and (piece := connection.recv(65_536)):
        text += piece.decode("latin-1")
    announced = re.search(r"(?i)content-length: (\d+)", text)
    wanted = text.find("\r\n\r\n") + 4 + (int(announced[1]) if announced else 0)
    while len(text) < wanted and (piece := connection.recv(65_536)):
        text += piece.decode("latin-1")
    return text


@contextmanager
def scripted(script: Script | bytes) -> Iterator[ScriptedServer]:
    """Run a server for the length of a block; bytes are sent as they are."""
    server = ScriptedServer(script=script if callable(script) else lambda connection, _head: connection.sendall(script))
    try:
        yield server
    finally:
        server.stop()


def answer(body: bytes, *, status: str = "200 OK", headers: str = "Content-Type: application/json") -> bytes:
    """One whole HTTP/1.1 answer that closes the connection."""
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n{headers}\r\n\r\n"
    return head.encode() + body
