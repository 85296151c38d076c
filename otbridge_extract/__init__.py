"""otbridge-extract: takes one course out of a whole-site backup of 3KL.

Stands on the site's server, asked by the Moodle plugin through a spool. Standard library only.
docs/whole-site-backups.md installs it, ADR 15 says why it is as it is.
"""
