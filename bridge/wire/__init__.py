"""HTTP as Moodle and the portals share it: one way to send, what failures mean, repeats, and the limit of
a whole call.
"""
