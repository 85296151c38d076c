"""How the journal's schema came to be, revision by revision; a released one is never changed.

A new revision is a new file under versions/, its name added to `REVISIONS` in bridge/journal/schema.py, and
the same change in bridge/journal/tables.py; tests hold the three together, on both databases.
"""
