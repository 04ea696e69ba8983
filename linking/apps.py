"""Where the process's settings reach the application."""

from django.apps import AppConfig
from django.conf import settings

from linking import fields
from linking.core.secretbox import KeyRing


class LinkingConfig(AppConfig):
    """The application; hands the key ring to the sealed fields once Django stands."""

    name = "linking"
    verbose_name = "zdbridge"

    def ready(self) -> None:
        """Put the operator's keys in force and connect what follows the house's own events."""
        fields.use_key_ring(KeyRing(keys=settings.LINKING["SEAL_KEYS"]))
        # Models exist only from here on.
        from linking import roles

        roles.connect()
