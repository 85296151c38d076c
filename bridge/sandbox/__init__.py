"""Embedded portal and embedded Moodle, for the demo and the tests; never in production."""

from importlib import util

from bridge.i18n import tr

if util.find_spec("flask") is None:
    raise SystemExit(
        tr("the embedded portal and Moodle need the extra sandbox: pip install 'otbridge[sandbox]'")
    )
