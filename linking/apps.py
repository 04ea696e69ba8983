"""Where the process's settings reach the application."""

from collections.abc import Sequence
from typing import cast

from django.apps import AppConfig
from django.conf import settings
from django.contrib.admin.apps import AdminConfig

from linking import fields
from linking.core.secretbox import KeyRing


class BridgeAdminConfig(AdminConfig):
    """Django's admin with a site of our own, which decides who may enter."""

    default_site = "linking.accounts.admin_site.BridgeAdminSite"


class LinkingConfig(AppConfig):
    """The application; hands the key ring to the sealed fields once Django stands."""

    name = "linking"
    verbose_name = "zdbridge"

    def ready(self) -> None:
        """Put the operator's keys in force and connect what follows the house's own events."""
        fields.use_key_ring(KeyRing(keys=cast("Sequence[str]", settings.LINKING["SEAL_KEYS"])))
        # Models exist only from here on.
        from corsheaders.signals import check_request_enabled

        from linking import checks
        from linking.accounts import admin_passwords, devices, notices, person_audit, roles, sessions, sign_in
        from linking.api import cors
        from linking.models.sql import audit_guard, note_upkeep, word_upkeep

        roles.connect()
        sign_in.connect()
        sessions.connect()
        devices.connect()
        notices.connect()
        admin_passwords.connect()
        person_audit.connect()
        checks.connect()
        word_upkeep.connect(self)
        note_upkeep.connect(self)
        audit_guard.connect(self)
        check_request_enabled.connect(cors.is_zendesk_account, dispatch_uid="linking.api.cors")
