"""The examples and defaults of config/, as package data."""
