"""What operators do: decide, compare ledgers and mend them, let a ticket go on, look for faults of an
installation.
"""
