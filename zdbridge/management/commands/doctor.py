"""`manage.py doctor`: one line a fact about this installation; exit code 1 if one is bad."""

import sys
from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from zdbridge.installation_doctor import machine, services
from zdbridge.installation_doctor.facts import Check, find_facts

# The clock comes after the vendors: their answers tell the time.
CHECKS: tuple[tuple[str, Check], ...] = (
    ("settings", machine.check_settings),
    ("hosts", machine.check_hosts),
    ("disk", machine.check_disk),
    ("database", services.check_database),
    ("keys", services.check_keys),
    ("broker", services.check_broker),
    ("roles", services.check_roles),
    ("mail", machine.check_mail),
    ("vendors", services.check_vendors),
    ("clock", services.check_clock),
)


class Command(BaseCommand):
    """Looks at everything that can be looked at, whatever is away."""

    help = _("Check this installation: one line a fact, exit code 1 if one is bad. docs/runbook.md says what to do.")
    # It runs them itself: a bad setting is a line, not the end.
    requires_system_checks: list[str] = []

    def handle(self, **_options: Any) -> None:
        """Print the facts as they are found."""
        has_bad = False
        for fact in find_facts(CHECKS):
            self.stdout.write(fact.describe())
            has_bad = has_bad or fact.is_bad is True
        if has_bad:
            sys.exit(1)
