"""Monitoring: the state of each integration and of the installation, and alarms when something is wrong.

`status` and `freshness` give the state of a sync, `health` answers the probes, `metrics/` Prometheus. `alarms`
sends mail and webhooks, `conflict_notices` tells of new conflicts, `drift` and `drift_notices` infer what changed at
Zendesk, `heartbeats` stores when each process last reported, `row_counts` keeps the numbers of rows at hand, `clocks`
judges this machine's clock, `waiting` samples who waits for lookup, `product_move` counts who still uses Chat where an
account moves to Messaging, `secret_ages` finds secrets that are due for a change, `query_plans` keeps
SQLite's choice of indexes good.
"""

from linking.monitoring import (
    alarms,
    clocks,
    conflict_notices,
    drift,
    drift_notices,
    freshness,
    health,
    heartbeats,
    metrics,
    product_move,
    query_plans,
    row_counts,
    secret_ages,
    status,
    stop_reasons,
    waiting,
)

__all__ = [
    "alarms",
    "clocks",
    "conflict_notices",
    "drift",
    "drift_notices",
    "freshness",
    "health",
    "heartbeats",
    "metrics",
    "product_move",
    "query_plans",
    "row_counts",
    "secret_ages",
    "status",
    "stop_reasons",
    "waiting",
]  # fmt: skip
