"""`manage.py up`: makes the environment, prepares the installation, starts the processes and keeps them alive.

In this order: `bootstrap.py` (makes `.venv`), `supervisor.py`, `roles.py` (what to run), `prepare.py` (migrations,
static files, demo data), `children.py` under `keeper.py`, and `announce.py` (the greeting). Nothing here imports Django
but `prepare.py`, `demo.py` and `leftovers.py`, which run in a process of their own or in a command.
"""
