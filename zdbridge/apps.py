"""The installation itself as an application of Django's: its checks and its commands."""

from django.apps import AppConfig


class InstallationConfig(AppConfig):
    """Registers the checks of what the operator set."""

    name = "zdbridge"
    label = "installation"
    verbose_name = "Installation"

    def ready(self) -> None:
        """Register the checks."""
        # Checks that look at models can be imported only once there are some.
        from zdbridge import checks

        checks.connect()
