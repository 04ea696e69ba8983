"""`manage.py up`: makes the environment, prepares the installation, starts the processes and keeps them alive.

In this order: `bootstrap.py` (makes `.venv`), `supervisor.py`, `launch_plan.py` and `child_specs.py` (what to run),
`prepare.py` (migrations, static files, demo data), `children.py` under `keeper.py`, and `announce.py` (the greeting).
Only `prepare.py`, `demo.py` and `demo_leftovers.py` import Django, in a process of their own or in a command.
"""
