"""Monitoring: how each integration and the whole installation stand, and who is told when something is wrong.

`status` and `freshness` say how a sync stands, `health` answers the probes, `alarms` sends e-mail and webhooks, `drift`
and `drift_notices` infer what changed at Zendesk, `heartbeats` keeps when each process was last heard from.
"""

from linking.monitoring import alarms, drift, drift_notices, freshness, health, heartbeats, status, stop_reasons

__all__ = ["alarms", "drift", "drift_notices", "freshness", "health", "heartbeats", "status", "stop_reasons"]
