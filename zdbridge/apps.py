"""The installation itself as an application of Django's: its checks and its commands."""

from django.apps import AppConfig

from zdbridge.up import running


class InstallationConfig(AppConfig):
    """Registers the checks of what the operator set, and tells a command what runs beside it."""

    name = "zdbridge"
    label = "installation"
    verbose_name = "Installation"

    def ready(self) -> None:
        """Register, and tell."""
        # Checks that look at models can be imported only once there are some.
        from linking import registry
        from zdbridge import checks

        checks.connect()
        joined = running.last_joined()
        registry.know_running(joined.running.whole if joined else None)
