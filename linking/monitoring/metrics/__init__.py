"""Numbers for Prometheus, the same from every process.

`collector` builds the page that Prometheus reads, from `counts` (the small rows of what was done), `service` (the
service itself) and the states of integrations. `shared_counts` adds up what all processes count, `token_times` times
the token route.

Nothing is imported here: `clocks` and `alarms` use `shared_counts`, and `service` uses `clocks`.
"""

__all__ = ["collector", "shared_counts", "token_times"]
