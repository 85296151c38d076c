"""Run as `python -m otbridge_extract`, or as a zip file."""

from otbridge_extract.cli import main

raise SystemExit(main())
