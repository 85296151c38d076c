"""What the bridge costs: start-up of the commands, deciding, claiming, an idle pass. Run by `make bench`,
never by the tests.
"""
