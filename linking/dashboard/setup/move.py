"""The page of an account that moves from Zendesk Chat to Messaging: who signs in to which widget, by week."""

from dataclasses import dataclass
from datetime import datetime

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from linking.dashboard.shell.access import page, require_integration
from linking.dashboard.shell.parts import IDText, split_id
from linking.dashboard.shell.rows import Reader, build_user_url, find_reader
from linking.models import LoginUser
from linking.monitoring import product_move

PLAYERS_SHOWN = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class MovingPlayerRow:
    """A player whose last token was for the old widget; `messaging_at` is None where there was none for the new one."""

    user: IDText
    url: str
    name: str
    chat_at: datetime | None
    messaging_at: datetime | None


@page
@require_safe
def show_move(request: HttpRequest, slug: str) -> HttpResponse:
    """Show how far the account has moved; 404 where it has not an integration of each product."""
    integration = require_integration(slug)
    pair = product_move.find_pair(integration)
    if pair is None:
        raise Http404(_("This Login project has no integrations of both Chat and Messaging."))
    weeks = product_move.count_weeks(pair, now=timezone.now())
    reader = find_reader(request)
    players = product_move.list_still_in_chat(pair, limit=PLAYERS_SHOWN + 1)
    context = {
        "integration": integration,
        "pair": pair,
        "weeks": weeks,
        "most": max((week.total for week in weeks), default=0),
        "players": [_build_row(user, reader=reader) for user in players[:PLAYERS_SHOWN]],
        "has_more": len(players) > PLAYERS_SHOWN,
    }
    return render(request, "dashboard/setup/move.html", context)


def _build_row(user: LoginUser, *, reader: Reader) -> MovingPlayerRow:
    return MovingPlayerRow(
        user=split_id(reader.mask_id(user.user_id)),
        url=build_user_url(user_id=reader.find_user_key(user), integration=user.integration.slug),
        name=reader.mask_words(user.name),
        chat_at=user.last_authenticated_at,
        messaging_at=user.messaging_at,  # type: ignore[attr-defined]
    )
