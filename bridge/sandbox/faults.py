"""Planned misbehaviour of an embedded server, and the HTTP server that carries it out.

A `Faults` list says what shall go wrong next; a `FaultyServer` serves a WSGI application over HTTP/1.1 with
kept-alive connections, one thread a connection, on 127.0.0.1 only, and does what the list says. It records
every request it got and listens to three addresses of its own, so that a server in a process of its own can
be steered (other addresses below /sandbox/ go to the application, unrecorded):

    POST   /sandbox/faults   {"match": …, "mode": …, "times": 1, "seconds": 0}   plan a fault
    DELETE /sandbox/faults                                                       forget all planned faults
    GET    /sandbox/calls    [{"name": …, "params": …}, …]                       what was received, in order
"""

from __future__ import annotations

import contextlib
import io
import json
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, cast

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler
from werkzeug.test import run_wsgi_app
from werkzeug.wrappers import Request, Response

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

MODES: Mapping[str, str] = {
    "delay": "wait `seconds`, then answer as usual",
    "error_500": "500 with an HTML page; nothing is done",
    "drop_before": "close the connection without an answer; nothing is done",
    "drop_after": "do it, then close the connection without an answer",
    "hang_after": "do it, keep silent for `seconds`, then close the connection without an answer",
    "late": (
        "wait `seconds`, do it, then close the connection without an answer: the client has long given up"
    ),
    "html": "200 with an HTML login page; nothing is done",
    "garbage": "200 with text that is neither JSON nor XML; nothing is done",
    "empty": "do it, then 200 with an empty body",
    "maintenance": "503 with an HTML page and Retry-After 300, as Moodle in maintenance; nothing is done",
    "truncate": "do it, announce the whole length, send half of the body, close the connection",
}
"""Every mode of misbehaviour, and what it does."""

_UNDONE: Mapping[str, tuple[int, str, str]] = {
    "error_500": (
        500,
        "text/html",
        "<html><head><title>500 Internal Server Error</title></head><body><h1>500</h1></body></html>",
    ),
    "html": (
        200,
        "text/html",
        (
            "<!DOCTYPE html><html><head><title>Log in to the "
            "site</title></head><body><form></form></body></html>"
        ),
    ),
    "garbage": (200, "text/plain", "\x00\x01 neither JSON nor XML {{{"),
    "maintenance": (
        503,
        "text/html",
        "<!DOCTYPE html><html><head><title>Maintenance</title></head><body>Under maintenance</body></html>",
    ),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One planned misbehaviour.

    Attributes:
        match: a call's name (a function of Moodle), a "METHOD /path" prefix, or "*" for every call.
        mode: one of `MODES`.
        times: how many calls it befalls.
        seconds: how long `delay`, `hang_after` and `late` wait.
    """

    match: str
    mode: str
    times: int = 1
    seconds: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what could never happen, so that a test cannot pass because of a misspelt fault."""
        if self.mode not in MODES:
            raise ValueError(f"unknown mode {self.mode!r}; there are: {', '.join(MODES)}")
        if self.times < 1 or self.seconds < 0:
            raise ValueError("times must be at least 1, seconds at least 0")

    def befalls(self, name: str, request_line: str) -> bool:
        """Whether it is meant for the call `name`, sent as `request_line` ("METHOD /path")."""
        return self.match in {"*", name} or (" " in self.match and request_line.startswith(self.match))


class Faults:
    """What shall go wrong, in the order in which it was planned; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._planned: list[tuple[Fault, int]] = []

    def add(self, match: str, mode: str, *, times: int = 1, seconds: float = 0.0) -> None:
        """Plan a fault for the next `times` calls that match (see `Fault`).

        Raises:
            ValueError: for a mode that does not exist, or a number out of range.
        """
        fault = Fault(match, mode, times, seconds)
        with self._lock:
            self._planned.append((fault, times))

    def clear(self) -> None:
        """Forget all planned faults."""
        with self._lock:
            self._planned.clear()

    def planned(self) -> list[Fault]:
        """What has not happened yet."""
        with self._lock:
            return [fault for fault, _ in self._planned]

    def take(self, name: str, request_line: str) -> Fault | None:
        """The fault that befalls this call, used up by one; None when all goes well."""
        with self._lock:
            for index, (fault, left) in enumerate(self._planned):
                if fault.befalls(name, request_line):
                    self._planned[index : index + 1] = [(fault, left - 1)] if left > 1 else []
                    return fault
        return None


@dataclass(frozen=True, slots=True)
class Call:
    """A request as it was received, also when a fault kept it from being done.

    Attributes:
        name: a web service function, or "METHOD /path".
        params: what came with it, without the token.
    """

    name: str
    params: Any


Describe = Callable[[Request], Call]
"""Returns what a request asks for, without doing it."""


def describe_by_path(request: Request) -> Call:
    """Name a request by its method and path; its parameters are the JSON body, or those of the address."""
    body = request.get_json(silent=True) if request.is_json else None
    return Call(f"{request.method} {request.path}", request.args.to_dict() if body is None else body)


class FaultyServer:
    """A WSGI application, served from threads of this process, misbehaving as `faults` says.

    Parameters:
        app: the application; it need know nothing of faults.
        faults: the list to obey.
        port: 0 for a free one.
        describe: returns name and parameters of a request.
    """

    def __init__(
        self, app: WSGIApplication, faults: Faults, *, port: int = 0, describe: Describe = describe_by_path
    ) -> None:
        self.app = app
        self.faults = faults
        self.describe = describe
        self.closing = threading.Event()
        self._calls: list[Call] = []
        self._lock = threading.Lock()
        self._server = _Server(self, port)
        self.port: int = self._server.port
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, name="sandbox", daemon=True
        )

    def start(self) -> None:
        """Begin to serve; returns at once, the port is already open."""
        self._thread.start()

    def stop(self) -> None:
        """Stop listening and cut every connection that is still open."""
        self.closing.set()
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()
        self._server.cut_connections()

    def calls(self) -> list[Call]:
        """What was received so far, in order; the server's own /sandbox/ addresses are left out."""
        with self._lock:
            return list(self._calls)

    def record(self, call: Call) -> None:
        """Note a received request."""
        with self._lock:
            self._calls.append(call)

    def control(self, request: Request) -> Response | None:
        """Answer the server's own addresses; None for any other."""
        if request.path == "/sandbox/calls" and request.method == "GET":
            return Response(
                json.dumps([asdict(call) for call in self.calls()], ensure_ascii=False, default=str),
                mimetype="application/json",
            )
        if request.path != "/sandbox/faults":
            return None
        if request.method == "DELETE":
            self.faults.clear()
            return Response(status=204)
        try:
            self.faults.add(**request.get_json(force=True))
        except (TypeError, ValueError) as error:
            return Response(f"{error}\n", status=400, mimetype="text/plain")
        return Response(status=204)


class _Server(ThreadedWSGIServer):
    """Werkzeug's threaded server, knowing its open connections."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, owner: FaultyServer, port: int) -> None:
        self.owner = owner
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        super().__init__("127.0.0.1", port, owner.app, handler=_Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._open_lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._open_lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def cut_connections(self) -> None:
        with self._open_lock:
            still_open = list(self._open)
        for connection in still_open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _Handler(WSGIRequestHandler):
    """Reads a whole request, answers it or misbehaves, and keeps the connection.

    Werkzeug's own `run_wsgi` closes each connection, for it cannot know that an application has read the
    whole body.
    """

    protocol_version = "HTTP/1.1"
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - werkzeug's name
        """Say nothing: the calls are recorded."""

    def run_wsgi(self) -> None:
        if self.headers.get("Expect", "").lower().strip() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        environ = self.make_environ()
        body = self._read_body(environ)
        with Request(_again(environ, body)) as request:
            self._serve(request, environ, body)

    def _serve(self, request: Request, environ: WSGIEnvironment, body: bytes) -> None:
        owner = self.server.owner
        own = owner.control(request)
        if own is not None:
            self._answer(own)
            return
        if request.path.startswith("/sandbox/"):
            self._answer(self._run(environ, body))
            return
        call = owner.describe(request)
        owner.record(call)
        fault = owner.faults.take(call.name, f"{request.method} {request.path}")
        mode = fault.mode if fault else ""
        if fault and mode in {"delay", "late"} and owner.closing.wait(fault.seconds):
            self.close_connection = True
            return
        if mode in _UNDONE:
            status, mimetype, text = _UNDONE[mode]
            self._answer(
                Response(
                    text,
                    status=status,
                    mimetype=mimetype,
                    headers={"Retry-After": "300"} if mode == "maintenance" else {},
                )
            )
            return
        if mode == "drop_before":
            self.close_connection = True
            return
        response = self._run(environ, body)
        if fault and mode == "hang_after":
            owner.closing.wait(fault.seconds)
        if mode in {"drop_after", "hang_after", "late"}:
            self.close_connection = True
            return
        self._answer(
            Response(status=200, mimetype="text/html") if mode == "empty" else response,
            cut=mode == "truncate",
        )

    def _run(self, environ: WSGIEnvironment, body: bytes) -> Response:
        chunks, status, headers = run_wsgi_app(self.server.owner.app, _again(environ, body), buffered=True)
        return Response(b"".join(chunks), status=status, headers=headers)

    def _read_body(self, environ: WSGIEnvironment) -> bytes:
        stream = environ["wsgi.input"]
        if environ.get("wsgi.input_terminated"):
            return cast(bytes, stream.read())
        return cast(bytes, stream.read(int(environ.get("CONTENT_LENGTH") or 0)))

    def _answer(self, response: Response, *, cut: bool = False) -> None:
        body = response.get_data()
        response.headers["Content-Length"] = str(len(body))
        self.send_response(response.status_code, response.status.partition(" ")[2])
        for name, value in response.headers.items():
            if name.lower() not in {"connection", "date", "server"}:
                self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body[: len(body) // 2] if cut else body)
        if cut:
            self.close_connection = True


def _again(environ: WSGIEnvironment, body: bytes) -> WSGIEnvironment:
    """The environment with a body that can be read from its beginning."""
    return {
        **environ,
        "wsgi.input": io.BytesIO(body),
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input_terminated": True,
    }
