"""`python -m bridge.sandbox.moodle`: the embedded Moodle as a process of its own; prints its address when
it is ready.
"""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from bridge.sandbox.moodle import SandboxMoodle


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(
        prog="python -m bridge.sandbox.moodle", description="Run the embedded Moodle on 127.0.0.1."
    )
    parser.add_argument(
        "--directory", type=Path, required=True, help="holds the site; made when it is missing"
    )
    parser.add_argument("--port", type=int, default=0, help="0 for a free one")
    parser.add_argument("--token", help="the web service token; kept in the directory")
    parser.add_argument("--restore-seconds", type=float, default=0.3, help="how long a restore takes")
    options = parser.parse_args()
    stopping = (signal.SIGTERM, signal.SIGINT)
    signal.pthread_sigmask(signal.SIG_BLOCK, stopping)
    with SandboxMoodle.start(
        options.directory, port=options.port, token=options.token, restore_seconds=options.restore_seconds
    ) as moodle:
        sys.stdout.write(f"{moodle.url}\n")
        sys.stdout.flush()
        signal.sigwait(stopping)


if __name__ == "__main__":
    main()
