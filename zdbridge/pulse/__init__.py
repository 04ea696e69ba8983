"""How a process shows that it works: to `up` by a file, to the pages by a row.

`pulse.py` has the two threads that report, `worker.py` decides whether a worker works. The scheduler reports through
`zdbridge.steady_beat`. `zdbridge.up.watchdog` restarts a process that no longer reports.
"""
