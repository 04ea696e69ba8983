"""`manage.py links SLUG`: the current mapping, streamed."""

import csv
import json
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Q
from django.utils.translation import gettext as _

from linking.clients.zendesk_records import dot_form
from linking.core.config import ZendeskProduct
from linking.core.spreadsheets import inert
from linking.models import Integration, LoginUser, VisitorAlias, VisitorLink

KEYS = (
    "integration", "visitor_id", "user_id", "state", "email", "name", "first_seen_at", "last_seen_at", "verified",
    "trust", "source",
)  # fmt: skip
CHUNK = 2_000


class Command(BaseCommand):
    """Prints one line a link, oldest row first; memory does not grow with their number.

    `email` and `name` are the visitor's as Zendesk last told them; `first_seen_at` and `last_seen_at` are when the
    visitor was first and last read carrying this user ID; `verified`: we signed a token for this user; `trust`: how far
    the link may be trusted, empty for one that has ended.
    """

    help = _("Print which Zendesk visitor is which player, one line for each link.")

    def add_arguments(self, parser: CommandParser) -> None:
        """Describe the command line."""
        parser.add_argument("slug", help=_("the integration"))
        parser.add_argument("--format", choices=["jsonl", "csv"], default="jsonl")
        parser.add_argument("--user", metavar="ID", help=_("only links of this player"))
        parser.add_argument("--visitor", metavar="ID", help=_("only links of this visitor, in dot or dash form"))
        parser.add_argument("--history", action="store_true", help=_("also links that have ended"))

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the links."""
        integration = Integration.objects.filter(slug=options["slug"]).first()
        if integration is None:
            sentence = _("There is no integration %(slug)s. `integration list` shows all integrations.")
            raise CommandError(sentence % {"slug": options["slug"]})
        keys = (*KEYS, "ended_at") if options["history"] else KEYS
        rows = self._rows(integration, options=options)
        try:
            self._print(rows, keys=keys, form=options["format"])
            self.stdout.flush()
        except BrokenPipeError:
            # Whoever read has had enough (`links demo | head`); nothing is left that could be written at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def _rows(self, integration: Integration, *, options: dict[str, Any]) -> Iterator[dict[str, Any]]:
        mine = VisitorLink.objects.filter(visitor__integration=integration)
        links = mine.with_disputes().select_related("visitor", "login_user")
        if not options["history"]:
            links = links.open()
        if options["user"] is not None:
            links = links.filter(_is_user(integration, user_id=options["user"]))
        if options["visitor"] is not None:
            links = links.filter(_is_visitor(integration, visitor_id=dot_form(options["visitor"])))
        for link in links.order_by("pk").iterator(chunk_size=CHUNK):
            yield _row(integration, link=link)

    def _print(self, rows: Iterator[dict[str, Any]], *, keys: tuple[str, ...], form: str) -> None:
        if form == "jsonl":
            for row in rows:
                self.stdout.write(json.dumps({key: row[key] for key in keys}, ensure_ascii=False))
            return
        writer = csv.writer(self.stdout, lineterminator="\r\n")
        writer.writerow(keys)
        for row in rows:
            writer.writerow([_cell(row[key]) for key in keys])


def _is_user(integration: Integration, *, user_id: str) -> Q:
    """Accounts on Messaging do not tell upper from lower case."""
    if integration.zendesk_product != ZendeskProduct.MESSAGING:
        return Q(login_user__user_id=user_id)
    users = LoginUser.objects.filter(integration=integration).in_any_case(user_ids=[user_id])
    return Q(login_user__in=users.values("pk"))


def _is_visitor(integration: Integration, *, visitor_id: str) -> Q:
    alias = VisitorAlias.objects.filter(integration=integration, alias_id=visitor_id).values("visitor")
    return Q(visitor__visitor_id=visitor_id) | Q(visitor__in=alias)


def _row(integration: Integration, *, link: VisitorLink) -> dict[str, Any]:
    return {
        "integration": integration.slug,
        "visitor_id": link.visitor.visitor_id,
        "user_id": link.login_user.user_id,
        "state": "linked" if link.ended_at is None else "ended",
        "email": link.visitor.email,
        "name": link.visitor.name,
        "first_seen_at": _iso(link.first_seen_at),
        "last_seen_at": _iso(link.last_confirmed_at),
        "verified": link.login_user.is_verified,
        "trust": str(link.trust),
        "source": integration.zendesk_product,
        "ended_at": _iso(link.ended_at),
    }


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else inert(str(value))
