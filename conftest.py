"""For the whole run: no test may leave this machine, and in CI no browser test may be skipped."""

pytest_plugins = ["tests.network_guard", "tests.ci_guard"]
