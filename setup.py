"""The packages, found by their folders: a new action needs no line here. All else is in setup.cfg."""

from setuptools import find_packages, setup

# config/ is the package bridge.defaults (`package_dir` in setup.cfg); it has no such folder to be found by.
DEFAULTS = ["bridge.defaults", "bridge.defaults.templates"]

setup(packages=[*find_packages(include=["bridge", "bridge.*", "otbridge_extract"]), *DEFAULTS])
