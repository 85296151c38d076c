"""How long the tests look: HYPOTHESIS_PROFILE=thorough on each change (CI), long before a release; what it
leaves out, `make test` does quickly.
"""

from __future__ import annotations

import os

NAME = os.environ.get("HYPOTHESIS_PROFILE", "")
LONG = NAME == "long"
THOROUGH = LONG or NAME == "thorough"
