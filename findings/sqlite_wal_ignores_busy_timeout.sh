#!/bin/sh
# apsw 3.50.4.0 (SQLite 3.50.4): one connection writes, another one waits for at most two seconds.
#
# Guessed beforehand: every statement that needs a lock waits as long as the busy timeout says.
# Seen: BEGIN IMMEDIATE waits two seconds. PRAGMA journal_mode = WAL fails at once.
set -eu
cd "$(mktemp -d)"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'apsw==3.50.4.0'
venv/bin/python - <<'PYTHON'
import time

import apsw

print("SQLite", apsw.sqlite_lib_version())
writer, other = apsw.Connection("a.sqlite3"), apsw.Connection("a.sqlite3")
writer.execute("CREATE TABLE t (x); BEGIN IMMEDIATE; INSERT INTO t VALUES (1)")
other.set_busy_timeout(2000)
waited = {}
for statement in ("BEGIN IMMEDIATE", "PRAGMA journal_mode = WAL"):
    began = time.monotonic()
    try:
        other.execute(statement)
    except apsw.BusyError as error:
        waited[statement] = time.monotonic() - began
        print(f"{statement}: {error}, after {waited[statement]:.1f} s")
assert waited["BEGIN IMMEDIATE"] > 1.5
assert waited["PRAGMA journal_mode = WAL"] < 0.5
PYTHON
