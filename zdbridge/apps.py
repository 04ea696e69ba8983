"""The installation as a Django app: its system checks and its commands."""

from django.apps import AppConfig

from zdbridge.up import shared_environment


class InstallationConfig(AppConfig):
    """Registers the checks of the operator's settings, and tells `linking` about a running `up`."""

    name = "zdbridge"
    label = "installation"
    verbose_name = "Installation"

    def ready(self) -> None:
        """Register the checks, and pass on the environment of a running `up`."""
        # Django allows importing models only now.
        from linking import registry
        from zdbridge import checks
        from zdbridge.watching import error_tracker, sign_in_log

        checks.connect()
        sign_in_log.connect()
        error_tracker.start()
        adopted = shared_environment.find_adopted()
        registry.know_running(adopted.running.environment if adopted else None)
