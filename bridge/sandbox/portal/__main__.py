"""`python -m bridge.sandbox.portal`: the embedded portal as a process of its own; prints its address when
it is ready.
"""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from bridge.sandbox.portal import SandboxPortal


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(
        prog="python -m bridge.sandbox.portal", description="Run the embedded portal on 127.0.0.1."
    )
    parser.add_argument(
        "--directory",
        type=Path,
        required=True,
        help="holds the portal, with its tokens in token and admin-token",
    )
    parser.add_argument("--port", type=int, default=0, help="0 for a free one")
    parser.add_argument("--token", help="the bridge's token; kept in the directory")
    options = parser.parse_args()
    stopping = (signal.SIGTERM, signal.SIGINT)
    signal.pthread_sigmask(signal.SIG_BLOCK, stopping)
    with SandboxPortal.start(options.directory, port=options.port, token=options.token) as portal:
        sys.stdout.write(f"{portal.url}\n")
        sys.stdout.flush()
        signal.sigwait(stopping)


if __name__ == "__main__":
    main()
