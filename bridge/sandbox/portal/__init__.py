"""The embedded portal: the contract of docs/portal-api.md over real HTTP, with a real ledger, and the
customer's side of it.

`SandboxPortal.start(directory)` runs it in this process, `python -m bridge.sandbox.portal --directory DIR` in
one of its own.
"""

from bridge.sandbox.portal.problems import Problem
from bridge.sandbox.portal.server import SandboxPortal

__all__ = ["Problem", "SandboxPortal"]
