"""The norm-hours bridge: paid tickets of a client portal become actions in Moodle, and their hours are
written off once.
"""
