"""One person with something in every table, beside another one of whom nothing may be lost."""

from datetime import timedelta

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType

from linking.models import (
    AuditEvent,
    AwaitedUser,
    BlockedUser,
    ChangedUser,
    Conflict,
    ConflictDecision,
    ConflictFlag,
    Label,
    PlayerLabel,
    PlayerNote,
    Quarantined,
    RefusedToken,
    SavedView,
    TokenDay,
    Visitor,
    VisitorAlias,
    VisitorQuestion,
    VisitorRefresh,
)
from tests.factories import NOW, USER_ID, make_chat, make_link, make_login_user, make_visitor

EMAIL, PHONE, NAME = "nadia.canary@player.example", "+491719876543", "Nadia Canary"
VISITOR_ID, OLD_ID = "7700123.CanaryVisitor01", "7700123.CanaryAlias002"
SUPPORT_ID = "21478836475"
OTHER_ID, OTHER_EMAIL = "0aa1bb2c-1111-4222-8333-444455556666", "olaf@player.example"
WORDS = (EMAIL, PHONE, NAME, USER_ID, VISITOR_ID, OLD_ID, SUPPORT_ID, "canary")


def make_nadia(acme):
    """Return her visitor and her player, with something in every table that can hold her."""
    visitor = make_visitor(
        integration=acme, visitor_id=VISITOR_ID, name=NAME, email=EMAIL, phone=PHONE, notes="a canary note"
    )
    player = make_login_user(
        integration=acme, email=EMAIL, name=NAME, first_authenticated_at=NOW, last_authenticated_at=NOW, tokens_issued=3
    )
    link = make_link(visitor=visitor, login_user=player)
    make_chat(visitor=visitor, chat_id="2611.7700123.canary", tags=["canary"])
    VisitorAlias.objects.create(integration=acme, alias_id=OLD_ID, visitor=visitor, first_seen_at=NOW)
    VisitorRefresh.objects.create(visitor=visitor, at=NOW)
    AwaitedUser.objects.create(integration=acme, login_user=player, token_at=NOW, due_at=NOW)
    TokenDay.objects.create(login_user=player, day=NOW.date(), tokens=3, last_at=NOW)
    VisitorQuestion.objects.create(integration=acme, visitor_id=OLD_ID)
    VisitorAlias.objects.create(integration=acme, alias_id=SUPPORT_ID, visitor=visitor, first_seen_at=NOW)
    ChangedUser.objects.create(integration=acme, user_id=SUPPORT_ID, noted_at=NOW)
    RefusedToken.objects.create(integration=acme, user_id=USER_ID, at=NOW, reason="expired")
    BlockedUser.objects.create(integration=acme, user_id=USER_ID, blocked_at=NOW, blocked_by="lead")
    _make_mentions(acme, player=player)
    _make_conflict(acme, visitor=visitor, player=player, link=link)
    return visitor, player


def make_olaf(acme, **changes):
    """Return another player's visitor and player."""
    visitor = make_visitor(integration=acme, visitor_id="7700123.OlafVisitor0001", name="Olaf", email=OTHER_EMAIL)
    player = make_login_user(integration=acme, user_id=OTHER_ID, email=OTHER_EMAIL, name="Olaf", **changes)
    make_link(visitor=visitor, login_user=player)
    make_chat(visitor=visitor, chat_id="2611.7700123.olaf")
    return visitor, player


def _make_mentions(acme, *, player):
    lead = get_user_model().objects.create_user("colleague")
    label = Label.objects.create(name="VIP", low_name="vip", colour="red", place=1)
    PlayerLabel.objects.create(login_user=player, label=label)
    note = {"text": f"called {PHONE}, canary", "plain": "canary", "contact": PHONE}
    PlayerNote.objects.create(login_user=player, author=lead, author_name="lead", written_at=NOW, **note)
    values = {"integration": acme, "reason": "odd", "first_seen_at": NOW, "last_seen_at": NOW}
    Quarantined.objects.create(source="chat", record_key="x1", raw=f'{{"visitor": {{"email": "{EMAIL}"}}}}', **values)
    Quarantined.objects.create(source="visitor", record_key=VISITOR_ID, raw="{}", **values)
    AuditEvent.objects.create(at=NOW, actor="lead", actor_user=lead, action="user.blocked", target=f"acme {USER_ID}")
    kind = ContentType.objects.get_for_model(BlockedUser)
    LogEntry.objects.create(
        user=lead, content_type=kind, object_id="7", object_repr=f"{acme.pk}|{USER_ID}", action_flag=CHANGE
    )
    SavedView.objects.create(owner=lead, name="mine", query=f"?q={EMAIL.replace('@', '%40')}&state=linked")


def _make_conflict(acme, *, visitor, player, link):
    conflict = Conflict.objects.create(
        integration=acme, kind="relinked", visitor=visitor, login_user=player, subject=f"relinked|{USER_ID}",
        first_seen_at=NOW, last_seen_at=NOW,
    )  # fmt: skip
    ConflictDecision.objects.create(
        conflict=conflict, verdict="unlink", login_user=player, ended_link=link, by_name="lead", at=NOW
    )
    ConflictFlag.objects.create(conflict=conflict, by_name="lead", reason="canary wrote", at=NOW)


def lend_device(acme, *, borrower, owner, hours=2):
    """Let `borrower` have used `owner`'s device for a while; return the device."""
    device = Visitor.objects.get(links__login_user=owner)
    make_link(
        visitor=device, login_user=borrower, first_seen_at=NOW - timedelta(hours=hours),
        last_confirmed_at=NOW - timedelta(hours=hours), ended_at=NOW - timedelta(hours=1), end_reason="relinked",
    )  # fmt: skip
    return device
