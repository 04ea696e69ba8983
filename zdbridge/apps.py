"""The installation as a Django app: its system checks and its commands."""

from django.apps import AppConfig

from zdbridge.up import running


class InstallationConfig(AppConfig):
    """Registers the checks of the operator's settings, and tells `linking` about a running `up`."""

    name = "zdbridge"
    label = "installation"
    verbose_name = "Installation"

    def ready(self) -> None:
        # Django allows importing models only now.
        from linking import registry
        from zdbridge import checks

        checks.connect()
        joined = running.last_joined()
        registry.know_running(joined.running.whole if joined else None)
