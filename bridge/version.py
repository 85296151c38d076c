"""The version of the bridge: one place, read by setup.cfg, by `otbridge --version` and by the clients'
User-Agent.
"""

__version__ = "0.1.0"
