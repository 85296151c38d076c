"""Redmine as the portal, by a convention: docs/portals/redmine.md."""
