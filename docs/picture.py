"""Draws docs/demo.svg: what `make demo` prints on a fresh directory (`make picture`)."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

WIDTH = 100


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        command = [sys.executable, "-m", "bridge.sandbox.demo", "--directory", directory]
        environ = {**os.environ, "COLUMNS": str(WIDTH), "LANGUAGE": "en", "FORCE_COLOR": "1", "TERM": "xterm"}
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=environ)
    console = Console(record=True, width=WIDTH, file=open(os.devnull, "w"))
    console.print(Text.from_ansi(done.stdout.replace(directory, ".demo")))
    console.save_svg(str(Path(__file__).with_name("demo.svg")), title="make demo")


if __name__ == "__main__":
    main()
