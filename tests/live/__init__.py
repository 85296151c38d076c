"""The main job on a real Moodle (docs/testing.md)."""
