"""`manage.py sync_visitors SLUG [--full] [--recheck] [--retry-quarantined] [--wait]`: one pass, in this process."""

import sys
import time
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from linking.management.progress import progress_teller
from linking.models import Integration
from linking.models.sync.sync_run import COMMAND_TRIGGER
from linking.monitoring import stop_reasons
from linking.sync import Clock, Patience, run

LONGEST_WAIT_S, LONGEST_WAIT_PATIENT_S = 60.0, 600.0
LEASE_WAIT_S = 60.0
EXIT_STOPPED = 2


class Command(BaseCommand):
    """Runs a pass also where the schedule is switched off; exit 0 when complete, 2 when it stopped early."""

    help = _("Read Zendesk Chat once and link its visitors to players. Exit code 0: complete; 2: stopped early.")

    def add_arguments(self, parser: CommandParser) -> None:
        """Describe the command line."""
        parser.add_argument("slug", help=_("the integration"))
        parser.add_argument("--full", action="store_true", help=_("start again from the integration's sync_start"))
        parser.add_argument(
            "--recheck", action="store_true", help=_("look every known visitor up again, within the rate limit")
        )
        parser.add_argument("--retry-quarantined", action="store_true", help=_("try unreadable records again at once"))
        parser.add_argument(
            "--wait", action="store_true", help=_("wait through pauses of up to ten minutes each, and show progress")
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the pass and print what it did."""
        integration_id = Integration.objects.filter(slug=options["slug"]).values_list("pk", flat=True).first()
        if integration_id is None:
            sentence = _("There is no integration %(slug)s. `integration list` shows all integrations.")
            raise CommandError(sentence % {"slug": options["slug"]})
        teller = progress_teller(stream=sys.stderr, seconds=time.monotonic, has_colour=not options["no_color"])
        try:
            report = run.run_pass(
                integration_id=integration_id,
                trigger=COMMAND_TRIGGER,
                clock=Clock(now=lambda: datetime.now(tz=UTC), sleep=time.sleep),
                patience=Patience(longest_wait_s=LONGEST_WAIT_PATIENT_S if options["wait"] else LONGEST_WAIT_S),
                allow_loopback=bool(settings.LINKING["ALLOW_LOOPBACK"]),
                is_full=options["full"],
                is_eager=True,
                is_retrying=options["retry_quarantined"],
                is_rechecking=options["recheck"],
                lease_wait_s=LEASE_WAIT_S,
                tell=teller if options["wait"] else None,
            )
        finally:
            teller.close()
        self._print(report)
        if not report.is_complete:
            sys.exit(EXIT_STOPPED)

    def _print(self, report: run.PassReport) -> None:
        if report.run is not None:
            self.stdout.write(" ".join(f"{name}={getattr(report.run, name)}" for name in run.COUNTS))
        if report.is_complete:
            self.stdout.write("complete")
            if report.detail:
                self.stderr.write(report.detail)
        else:
            if report.reason in stop_reasons.ENVIRONMENTAL:
                sentence = _(
                    "The scheduled sync is not affected. The problem is in the environment of this shell, which can "
                    "differ from that of the running processes."
                )
                self.stderr.write(sentence)
            self.stderr.write(f"stopped: {report.reason}: {report.detail}")
