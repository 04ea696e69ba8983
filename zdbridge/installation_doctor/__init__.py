"""`manage.py doctor`: facts about this installation, one line each, and what to do about a bad one.

`facts.py` has the record and runs the checks, each by itself, so that a service that is away spoils its own lines only.
`machine.py` looks at this machine and its settings, `services.py` at everything behind them. The token doctor is
`linking/doctor`.
"""
