"""`manage.py diagnose_player`: why a player is linked or not, on the command line."""

import sys
from argparse import ArgumentParser
from typing import Any, NoReturn

from django.core.management.base import BaseCommand
from django.utils import timezone
from django.utils.translation import gettext as _

from linking import doctor
from linking.doctor import StepState, WalkStep
from linking.search import UnknownFilter, find, history

_WORDS = {StepState.DONE: "ok  ", StepState.UNKNOWN: "?   ", StepState.STOPPED: "STOP"}


class Command(BaseCommand):
    """Prints a line a step. Exit code 0 when the player is linked everywhere, 1 when not, 2 when nobody is known."""

    help = _("Say why a player is linked or not, from the token to the link, a step a line.")

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare whom the question is about."""
        parser.add_argument("user_id", help=_("the player's user ID (claim sub)"))
        parser.add_argument("--integration", default="", metavar="SLUG", help=_("start from this integration"))

    def handle(self, *, user_id: str, integration: str, **options: Any) -> None:
        """Find the player in every integration of the Login project, and print the walks."""
        try:
            user = find.find_login_user(user_id=user_id, integration=integration, with_visitors=False)
        except UnknownFilter:
            self._give_up(_("There is no such integration. `integration list` shows all integrations."))
        if user is None:
            self._give_up(_("No token was issued to this player, and no visitor has this user ID."))
        players = find.list_namesakes(user)
        walks = doctor.explain_players(players=players, links=history.list_links(players), now=timezone.now())
        for walk in walks:
            self.stdout.write(walk.player.integration.slug)
            for step in walk.steps:
                self._print_step(step)
        sys.exit(0 if all(walk.is_linked for walk in walks) else 1)

    def _print_step(self, step: WalkStep) -> None:
        at = f" {step.at_label} {step.at:%Y-%m-%d %H:%M:%S} UTC" if step.at else ""
        self.stdout.write(f"{_WORDS[step.state]} {step.title}: {step.sentence}{at}")
        for check in step.checks:
            self.stdout.write(f"       - {check}")

    def _give_up(self, sentence: str) -> NoReturn:
        self.stderr.write(sentence)
        sys.exit(2)
