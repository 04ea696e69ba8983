"""Why a visitor is linked and how far to trust the link, or why it is not linked: a sentence and its evidence."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from linking.core.trust import Trust
from linking.dashboard.shell.parts import TRUST_STATES, Badge
from linking.dashboard.shell.sources import find_words
from linking.dashboard.shell.times import format_time
from linking.models import Decision, LoginUser, Visitor, VisitorLink, VisitorState


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """The answer in one sentence, its evidence in others, and technical `details`."""

    sentence: str
    evidence: tuple[str, ...] = ()
    details: str = ""


def explain_link(*, link: VisitorLink) -> Why:
    """Return how far to trust the open `link` (from `history.list_links`), and why."""
    words = find_words(link.visitor.integration.zendesk_product)
    values = {
        "call": describe_evidence(link=link),
        "run": link.evidence_run_id,
        "first": format_time(link.first_seen_at),
        "last": format_time(link.last_confirmed_at),
    }
    statement = (
        _("Zendesk confirms that this visitor is this player.")
        if link.trust == Trust.PROVEN
        else _("Zendesk says that this visitor is this player.")
    )
    claim = (str(words.claim),) if link.trust == Trust.CLAIMED and words.claim else ()
    details = (
        _("Read with %(call)s in sync no. %(run)s on %(first)s; last confirmed on %(last)s.")
        if link.evidence_run_id
        else _("Read with %(call)s on %(first)s, in a sync whose record was deleted; last confirmed on %(last)s.")
    )
    return Why(
        sentence=explain_trust(link.trust),
        evidence=(statement, _describe_proof(link), *claim),
        details=details % values,
    )


def explain_trust(trust: Trust) -> str:
    """Return what a word of trust means for a person who talks to the player; "" without a link."""
    sentences: Mapping[str, str] = {
        Trust.PROVEN: _("Proven: the player signed in through Login."),
        Trust.CLAIMED: _("Not proven: this ID was not checked by zdbridge. Ask before you share account details."),
        Trust.DISPUTED: _("Disputed: a conflict is open. Do not share account details until it is decided."),
        Trust.NONE: "",
    }
    return sentences[trust]


def make_legend() -> tuple[tuple[Badge, str], ...]:
    """Return every word of trust as its badge, with what it means."""
    return tuple((state, explain_trust(Trust(word))) for word, state in TRUST_STATES.items())


def explain_no_link(*, visitor: Visitor, external_id: str, is_parted: bool = False) -> Why:
    """Return why `visitor`, which has no open link, has none.

    Args:
        external_id: the ID in its record, as the reader may see it.
        is_parted: a person decided that the visitor is not the player with this ID.
    """
    if is_parted and visitor.state == VisitorState.ANONYMOUS:
        evidence_id = _("The record in Zendesk still has the ID “%(id)s”.") % {"id": external_id[:80]}
        return Why(
            sentence=_("Not linked: someone in support decided that this visitor is not this player."),
            evidence=(evidence_id, _("You can undo the decision in the conflict below.")),
        )
    return Why(sentence=_explain_state(visitor, external_id=external_id), evidence=_list_state_evidence(visitor))


def explain_user_trust(*, user: LoginUser) -> str:
    """Return how far to trust the links of a `user` from `find.find_login_user`."""
    if user.trust == Trust.NONE:
        return str(find_words(user.integration.zendesk_product).no_visitor)
    if user.trust == Trust.DISPUTED:
        return _(
            "Disputed: a conflict about one of this player's visitors is open. Do not share account details until it "
            "is decided."
        )
    return explain_trust(user.trust)


def describe_sign_in(*, user: LoginUser) -> str:
    """Return what zdbridge itself has seen of this user, in a sentence."""
    if user.first_authenticated_at is None or user.last_authenticated_at is None:
        return _("zdbridge has not issued a token to this player.")
    template = ngettext(
        "Signed in through Login: zdbridge issued one token to this player, on %(last)s.",
        "Signed in through Login: zdbridge issued %(number)s tokens to this player, first on %(first)s, last on "
        "%(last)s.",
        user.tokens_issued,
    )
    first, last = format_time(user.first_authenticated_at), format_time(user.last_authenticated_at)
    return template % {"number": user.tokens_issued, "first": first, "last": last}


def name_run(*, link: VisitorLink) -> str:
    """Return which sync read the evidence, in words."""
    if link.evidence_run is None:
        return _("a sync whose record was deleted")
    return _("sync no. %(number)s") % {"number": link.evidence_run.pk}


def describe_end(*, link: VisitorLink) -> str:
    """Return why an ended link ended; "" for an open one."""
    return str(find_words(link.visitor.integration.zendesk_product).ends[link.end_reason]) if link.end_reason else ""


def describe_decision(decision: str) -> str:
    """Return a decision in words; "" for none, the stored word for one that this version does not know."""
    return str(Decision(decision).label) if decision in Decision.values else decision


def describe_evidence(*, link: VisitorLink) -> str:
    """Return what a link was read from."""
    return str(find_words(link.visitor.integration.zendesk_product).evidence) % link.evidence_asked_id


def _describe_proof(link: VisitorLink) -> str:
    """Return which token was issued before Zendesk confirmed the link, or that none was."""
    first_at, last_at = link.login_user.first_authenticated_at, link.login_user.last_authenticated_at
    if first_at is None or last_at is None:
        return _("zdbridge has not issued a token to this player.")
    confirmed_at = link.last_confirmed_at
    if first_at > confirmed_at:
        sentence = _(
            "zdbridge issued its first token to this player on %(token)s, after Zendesk last confirmed this link on "
            "%(link)s. Refresh from Zendesk to prove it."
        )
        return sentence % {"token": format_time(first_at), "link": format_time(confirmed_at)}
    newest_at = last_at if last_at <= confirmed_at else first_at
    proof = _("zdbridge issued a token on %(token)s, before Zendesk confirmed this link on %(link)s.")
    return proof % {"token": format_time(newest_at), "link": format_time(confirmed_at)}


def _explain_state(visitor: Visitor, *, external_id: str) -> str:
    words = find_words(visitor.integration.zendesk_product)
    if visitor.state == VisitorState.ANONYMOUS and visitor.external_id:
        return str(words.junk) % {"id": external_id[:80]}
    return str(words.no_link[visitor.state])


def _list_state_evidence(visitor: Visitor) -> tuple[str, ...]:
    words = find_words(visitor.integration.zendesk_product)
    evidence = str(words.no_link_evidence.get(visitor.state, ""))
    if visitor.state == VisitorState.GONE and visitor.gone_at:
        return (evidence % {"at": format_time(visitor.gone_at)},)
    if visitor.state == VisitorState.ANONYMOUS and visitor.external_id:
        return (str(words.junk_evidence),)
    if visitor.state == VisitorState.ANONYMOUS and visitor.checked_at:
        return (_("Updated on %(at)s.") % {"at": format_time(visitor.checked_at)}, evidence)
    return (evidence,) if evidence else ()
