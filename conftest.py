"""For the whole run: no test may leave this machine."""

pytest_plugins = ["tests.network_guard"]
