"""A server on a real socket that does what a test likes with each request: answers in pieces, breaks off,
resets.
"""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable

Act = Callable[[socket.socket, bytes], None]
"""What a server does with a connection and the request that came over it."""


def http_reply(
    body: bytes,
    *,
    status: str = "200 OK",
    framing: str = "length",
    kind: str = "application/json",
    **headers: str,
) -> bytes:
    """An HTTP answer's bytes. `framing`: "length", "chunked", or "none" (its end is the connection's);
    `X_Name` becomes the header X-Name.
    """
    head = f"HTTP/1.1 {status}\r\nServer: nginx\r\nContent-Type: {kind}\r\n"
    head += "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    if framing == "length":
        return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
    if framing == "chunked":
        return f"{head}Transfer-Encoding: chunked\r\n\r\n{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n"
    return f"{head}Connection: close\r\n\r\n".encode() + body


class RawServer:
    """A server on a real socket: reads each request whole, then lets `act(connection, request)` do what it
    likes.
    """

    def __init__(self, act: Act) -> None:
        self.act = act
        self.requests: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            connection.settimeout(10)
            try:
                request = self._request(connection)
                if request:
                    self.requests.append(request)
                    self.act(connection, request)
            except OSError:
                return

    @staticmethod
    def _request(connection: socket.socket) -> bytes:
        data = b""
        while b"\r\n\r\n" not in data:
            piece = connection.recv(65536)
            if not piece:
                return b""
            data += piece
        head, _, body = data.partition(b"\r\n\r\n")
        length = next(
            (
                int(line.split(b":")[1])
                for line in head.split(b"\r\n")
                if line.lower().startswith(b"content-length:")
            ),
            0,
        )
        while len(body) < length:
            piece = connection.recv(65536)
            if not piece:
                break
            body += piece
        return head + b"\r\n\r\n" + body

    def close(self) -> None:
        """Stop listening."""
        self._listener.close()


def reset(connection: socket.socket) -> None:
    """Break the connection with a RST instead of an orderly end."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
