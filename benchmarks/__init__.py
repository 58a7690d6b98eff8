"""
How fast the program is, each figure against a peer measured in the same run.

``python -m benchmarks`` runs all of them, each in a process of its own, prints the table and keeps
it in ``benchmarks/results.json``; ``python -m benchmarks NAME…`` runs some of them.
"""
