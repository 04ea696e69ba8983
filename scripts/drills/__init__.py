"""Drills: what an operator has to survive, done to a scratch installation under tokens, with figures and an exit code.

Each is `python -m scripts.drills.NAME`; docs/drills.md lists them with their figures. `installation.py` makes what they
need and removes it, `servers.py` runs PostgreSQL and Redis, `traffic.py` asks for tokens, `report.py` prints results.
"""
