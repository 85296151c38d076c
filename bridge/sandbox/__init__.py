"""Embedded portal and embedded Moodle, for the demo and the tests; never in production."""
