"""Why a visitor is linked, or is not: one sentence, then its evidence."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from linking.dashboard.parts import CLAIMED, VERIFIED, State
from linking.dashboard.times import format_time
from linking.models import EndReason, LoginUser, Visitor, VisitorLink, VisitorState

TRIGGERS = ("schedule", "command", "page")


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """The reason in a sentence, the evidence in further ones, and how sure the identity is (None without a link)."""

    sentence: str
    evidence: tuple[str, ...] = ()
    identity: State | None = None


def why_linked(*, link: VisitorLink) -> Why:
    """Return why the open `link`, its user and evidence run at hand, was made."""
    user = link.login_user
    values = {
        "call": f"GET visitors/{link.evidence_asked_id}",
        "run": run_words(link=link),
        "first": format_time(link.first_seen_at),
        "last": format_time(link.last_confirmed_at),
    }
    evidence = _("Read with %(call)s in %(run)s on %(first)s; last confirmed on %(last)s.") % values
    return Why(
        sentence=_("Linked, because Zendesk's record of this visitor carries this user's ID as its external ID."),
        evidence=(evidence, identity_sentence(user=user)),
        identity=VERIFIED if user.is_verified else CLAIMED,
    )


def why_not_linked(*, visitor: Visitor, is_parted: bool = False) -> Why:
    """Return why `visitor`, which has no open link, has none.

    `is_parted`: a person decided that the user whose ID it carries is somebody else.
    """
    if is_parted and visitor.state == VisitorState.ANONYMOUS:
        carried = _("Zendesk's record still carries the ID “%(id)s”.") % {"id": visitor.external_id[:80]}
        return Why(
            sentence=_("Not linked, because a person decided that visitor and user are not the same."),
            evidence=(carried, _("The decision stands with the conflict below and can be undone there.")),
        )
    return Why(sentence=_not_linked(visitor), evidence=_not_linked_evidence(visitor))


def identity_sentence(*, user: LoginUser) -> str:
    """Return how sure it is that this user was there, in a sentence."""
    if user.first_authenticated_at is None or user.last_authenticated_at is None:
        return _(
            "Claimed only: no token was issued to this user from here, so whoever set the ID proved nothing to us."
        )
    template = ngettext(
        "Verified: one token was issued to this user after checking the Login JWT, on %(last)s.",
        "Verified: %(number)s tokens were issued to this user after checking the Login JWT, first on %(first)s, "
        "last on %(last)s.",
        user.tokens_issued,
    )
    first, last = format_time(user.first_authenticated_at), format_time(user.last_authenticated_at)
    return template % {"number": user.tokens_issued, "first": first, "last": last}


def run_words(*, link: VisitorLink) -> str:
    """Return which pass saw the evidence, in words."""
    if link.evidence_run is None:
        return _("a pass whose record is gone")
    return _("pass no. %(number)s") % {"number": link.evidence_run.pk}


def end_words(*, link: VisitorLink) -> str:
    """Return why an ended link ended; "" for an open one."""
    return str(EndReason(link.end_reason).label) if link.end_reason else ""


def _not_linked(visitor: Visitor) -> str:
    reasons: Mapping[str, str] = {
        VisitorState.ANONYMOUS: _("Not linked, because Zendesk's record of this visitor carries no external ID."),
        VisitorState.PENDING: _("Not linked yet, because the visitor's record waits to be read from Zendesk."),
        VisitorState.GONE: _("Not linked any more, because Zendesk has deleted this visitor."),
        VisitorState.LINKED: _("The link has just ended; the next pass of the sync says why."),
    }
    if visitor.state == VisitorState.ANONYMOUS and visitor.external_id:
        return _("Not linked, because the external ID in Zendesk's record is no user ID.")
    return reasons[visitor.state]


def _not_linked_evidence(visitor: Visitor) -> tuple[str, ...]:
    if visitor.state == VisitorState.PENDING:
        return (_("Visitors whom a token was issued to are read first, then those with the newest chats."),)
    if visitor.state == VisitorState.GONE and visitor.gone_at:
        return (_("Zendesk answered “not found” on %(at)s.") % {"at": format_time(visitor.gone_at)},)
    if visitor.external_id:
        return (_("It says “%(id)s”. The widget's page passes the wrong value.") % {"id": visitor.external_id[:80]},)
    chatted = _("The player chatted without signing in, or the widget was not given a token.")
    if visitor.checked_at is None:
        return (chatted,)
    return (_("Read from Zendesk on %(at)s.") % {"at": format_time(visitor.checked_at)}, chatted)
