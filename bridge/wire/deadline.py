"""A limit for a whole HTTP call: time-outs of a socket alone let a peer that sends a byte a second keep a
call for days.

A call runs within `with Deadline(seconds):`. When its time is over, its socket is shut down from another
thread, so that the call stops waiting at once. The connections of `session()` report to the deadline of
their thread which socket they use.
"""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import requests
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

SLOWEST = 16 * 1024
"""Bytes a second: a large body gives its call so much more time."""

_POOL = 8
_of_thread = threading.local()


class Deadline:
    """The end of one call, in the thread that makes it.

    Parameters:
        seconds: for the whole call, from the connection to the last byte of the answer.

    Attributes:
        over: whether the time was over before the call had ended.
    """

    def __init__(self, seconds: float) -> None:
        self.over = False
        self._ended = False
        self._seconds = seconds
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._timer = self._set(seconds)

    def __enter__(self) -> Self:
        _of_thread.deadline = self
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        with self._lock:
            self._ended = True
        _of_thread.deadline = None

    def extend(self, size: int) -> None:
        """Give the call the time that a body of `size` bytes may take."""
        if size <= SLOWEST:
            return
        self._timer.cancel()
        self._timer = self._set(self._seconds + size / SLOWEST)
        self._timer.start()

    def watch(self, used: socket.socket | None) -> None:
        """The call goes over this socket."""
        with self._lock:
            self._socket = used
            if self.over:
                _shut(used)

    def _set(self, seconds: float) -> threading.Timer:
        timer = threading.Timer(seconds, self._cut)
        timer.daemon = True
        return timer

    def _cut(self) -> None:
        with self._lock:
            if self._ended:
                # The timer fired just as the call ended; the kept-alive connection may serve another call by
                # now.
                return
            self.over = True
            _shut(self._socket)


def session(*, ca_file: Path | None = None, proxy: str = "") -> requests.Session:
    """A session whose calls a `Deadline` can cut off, and which takes nothing from the environment: no proxy,
    no netrc, no CA bundle.

    Parameters:
        ca_file: certificates of authorities (PEM) in the place of the usual ones.
        proxy: address of a proxy for all calls, "" for none.
    """
    made = requests.Session()
    made.trust_env = False
    made.verify = str(ca_file) if ca_file else True
    made.proxies = {"http": proxy, "https": proxy} if proxy else {}
    for scheme in ("http://", "https://"):
        made.mount(scheme, _Adapter(pool_connections=1, pool_maxsize=_POOL))
    return made


def _shut(used: socket.socket | None) -> None:
    if used is not None:
        with suppress(OSError):
            used.shutdown(socket.SHUT_RDWR)


class _Watched:
    """Reports to the deadline of the thread which socket is used: when it is made, and when a kept-alive one
    is used again.
    """

    sock: socket.socket | None

    def _new_conn(self) -> socket.socket:
        made: socket.socket = super()._new_conn()  # type: ignore[misc]
        # A proxy answers before there is a connection: it must not keep the call either.
        self._announce(made)
        return made

    def connect(self) -> None:
        super().connect()  # type: ignore[misc]
        self._announce(self.sock)

    def request(self, *args: Any, **more: Any) -> Any:
        self._announce(self.sock)
        return super().request(*args, **more)  # type: ignore[misc]

    def getresponse(self, *args: Any, **more: Any) -> Any:
        self._announce(self.sock)
        return super().getresponse(*args, **more)  # type: ignore[misc]

    def _announce(self, used: socket.socket | None) -> None:
        deadline: Deadline | None = getattr(_of_thread, "deadline", None)
        if deadline is not None:
            deadline.watch(used)


class _Connection(_Watched, HTTPConnection):
    pass


class _TlsConnection(_Watched, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class _Adapter(requests.adapters.HTTPAdapter):
    def init_poolmanager(self, *args: Any, **more: Any) -> None:
        super().init_poolmanager(*args, **more)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}

    def proxy_manager_for(self, proxy: str, **more: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **more)
        manager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}
        return manager
