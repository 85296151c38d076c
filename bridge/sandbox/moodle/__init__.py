"""The embedded Moodle: a small web server that answers web services over REST and SOAP as a real Moodle does.

`SandboxMoodle.start(directory)` runs it in this process, `python -m bridge.sandbox.moodle --directory DIR` in
one of its own.
"""

from bridge.sandbox.moodle.server import SandboxMoodle
from bridge.sandbox.moodle.site import Site

__all__ = ["SandboxMoodle", "Site"]
