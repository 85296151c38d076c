"""What things are and what is decided about them: hours, tickets, the catalogue, what a stage costs, and
the lifecycle. Values and rules only; no I/O.
"""
