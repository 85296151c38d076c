"""Raw requests to a Moodle, and what is told of the answers: the embedded one must not answer more kindly
than a real one (tests/contract/test_raw_moodle.py).
"""
