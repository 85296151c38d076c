"""The embedded portal, served: its state in a directory, its HTTP server in threads of this process."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

from bridge.sandbox.faults import Call, Faults, FaultyServer
from bridge.sandbox.portal.contract import BASE
from bridge.sandbox.portal.office import Office
from bridge.sandbox.portal.routes import application, describe


class SandboxPortal(Office):
    """A running portal, and the customer's side of it; use `start`, and `with` or `stop` to end it.

    Attributes:
        url: the contract's base address.
        faults: what shall go wrong.
    """

    faults: Faults
    url: str
    _server: FaultyServer

    @classmethod
    def start(cls, directory: Path | str, *, port: int = 0, token: str | None = None) -> Self:
        """Open the portal of a directory and serve it.

        Parameters:
            directory: holds everything that survives; made when it is missing.
            port: 0 for a free one.
            token: the bridge's token; None keeps the directory's own, or makes one.
        """
        portal = cls(Path(directory), token=token)
        portal.faults = Faults()
        app = application(portal)
        portal._server = FaultyServer(app, portal.faults, port=port, describe=describe(app))
        portal.url = portal._server.url + BASE
        portal._server.start()
        return portal

    def stop(self) -> None:
        """Stop serving."""
        self._server.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def calls(self) -> list[Call]:
        """What was received, in order: the contract's operation (as the Portal protocol names it) and its
        parameters.
        """
        return self._server.calls()
