"""What pages say of the people of each Zendesk product, and where agents see them: one row of words a product."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from django.utils.translation import gettext_lazy as _

from linking import registry
from linking.dashboard.shell.links_out import build_agent_address, build_chat_address
from linking.dashboard.shell.parts import CONFLICT_KINDS, Badge, Text
from linking.models import ConflictKind, EndReason, VisitorState, ZendeskProduct


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceWords:
    """The words of one product.

    `name` is short, `kind` says what a visitor is there. `no_link` says why a visitor of a state has no link and
    `no_link_evidence` what that rests on; `junk` and `junk_evidence` say the same of an ID that is no player's.
    `waiting` is the state of a player who signed in and is not linked yet, `waiting_list` says who is on their list.
    `evidence` names the record that a link was read from. `claim` says what a claimed link proves less than in Chat, ""
    in Chat. `has_chats`: the times of a visitor are those of its chats, and chats can be read again from a date.
    `again` is the wish to read again, `again_effect` what it does. `build_address` takes the account's `subdomain`
    and the `visitor_id`, and returns "" where there is no address.
    """

    name: Text
    kind: Text
    id_label: Text
    seen_label: Text
    has_chats: bool
    ban: Badge
    ban_sentence: Text
    waiting: Badge
    waiting_list: Text
    no_visitor: Text
    no_link: Mapping[str, Text]
    no_link_evidence: Mapping[str, Text]
    junk: Text
    junk_evidence: Text
    evidence: Text
    claim: Text
    ends: Mapping[str, Text]
    conflicts: Mapping[str, Text]
    again: Text
    again_effect: Text
    build_address: Callable[..., str]


_PENDING = _("Waiting for Zendesk: we look this visitor up shortly.")
_JUST_ENDED = _("The link has just ended. The next sync shows why.")
_CHAT = SourceWords(
    name=_("Chat"),
    kind=_("Visitor of Zendesk Chat"),
    id_label=_("Visitor ID"),
    seen_label=_("Last seen"),
    has_chats=True,
    ban=Badge(word=_("Banned"), icon="ban", tone="bad"),
    ban_sentence=_("This visitor is banned in Zendesk."),
    waiting=Badge(word=_("Signed in, no chat yet"), icon="key", tone="quiet"),
    waiting_list=_(
        "Players who signed in but have not chatted yet, the latest sign-in first. They leave this list after "
        "their first chat has ended and sync has read it."
    ),
    no_visitor=_("No chat visitor is linked to this player."),
    no_link={
        VisitorState.ANONYMOUS: _("Anonymous: this visitor was not signed in while chatting."),
        VisitorState.PENDING: _PENDING,
        VisitorState.GONE: _("No longer linked: this visitor was deleted in Zendesk."),
        VisitorState.LINKED: _JUST_ENDED,
    },
    no_link_evidence={
        VisitorState.ANONYMOUS: _("The player chatted without signing in, or the chat widget got no token."),
        VisitorState.PENDING: _("Visitors who signed in are looked up first, then those with the newest chats."),
        VisitorState.GONE: _("Zendesk answered “not found” on %(at)s."),
    },
    junk=_("Not linked: the website sent “%(id)s” instead of a user ID."),
    junk_evidence=_("The page with the chat widget sends the wrong value to Zendesk."),
    evidence="GET visitors/%s",
    claim="",
    ends={reason.value: reason.label for reason in EndReason},
    conflicts=CONFLICT_KINDS,
    again=_("Re-import chats from a date"),
    again_effect=_("The next sync of %(name)s imports chats again from %(day)s. Existing data is kept."),
    build_address=build_chat_address,
)
_MESSAGING = SourceWords(
    name=_("Messaging"),
    kind=_("End user of Zendesk Support (Messaging)"),
    id_label=_("Zendesk user ID"),
    seen_label=_("Last changed in Zendesk"),
    has_chats=False,
    ban=Badge(word=_("Suspended"), icon="ban", tone="bad"),
    ban_sentence=_("This user is suspended in Zendesk: their tickets go to the suspended tickets."),
    waiting=Badge(word=_("Signed in, not in Zendesk yet"), icon="key", tone="quiet"),
    waiting_list=_(
        "Players who signed in and are not in Zendesk yet, the latest sign-in first. Zendesk knows a player from the "
        "first ticket on. They leave this list when sync has found them there."
    ),
    no_visitor=_("No user of Zendesk Support is linked to this player."),
    no_link={
        VisitorState.ANONYMOUS: _("Not linked: this user no longer has an external ID in Zendesk."),
        VisitorState.PENDING: _PENDING,
        VisitorState.GONE: _("No longer linked: this user was deleted in Zendesk."),
        VisitorState.LINKED: _JUST_ENDED,
    },
    no_link_evidence={
        VisitorState.ANONYMOUS: _(
            "The external ID was removed in Zendesk, or the user was made an agent. zdbridge follows users who were "
            "linked once."
        ),
        VisitorState.PENDING: _("The next sync reads this user."),
        VisitorState.GONE: _(
            "zdbridge learned on %(at)s that the user was deleted. An agent who merges two users deletes one of them: "
            "the player may be linked as the other."
        ),
    },
    junk=_("Not linked: the external ID in Zendesk is “%(id)s”, which is no player's user ID."),
    junk_evidence=_("An agent or another system changed the external ID in Zendesk."),
    evidence=_("the record of Support user %s"),
    claim=_(
        "This proves less than in Chat: single sign-on, imports, agents' tools and other programs also write external "
        "IDs in Zendesk Support."
    ),
    ends={reason.value: reason.label for reason in EndReason}
    | {
        EndReason.RELINKED: _("The external ID in Zendesk was changed to another player's"),
        EndReason.CLEARED: _("The external ID in Zendesk was removed, or is no player's"),
        EndReason.GONE: _("The user was deleted in Zendesk, or merged into another one"),
    },
    conflicts={
        **CONFLICT_KINDS,
        ConflictKind.RELINKED: _("The external ID of this user in Zendesk was changed from one player's to another's."),
        ConflictKind.EMAIL_OF_ANOTHER_USER: _("In Zendesk this user has the e-mail address of another player."),
        ConflictKind.JUNK_EXTERNAL_ID: _("The external ID of this user in Zendesk is no player's user ID any more."),
    },
    again=_("Read all users again"),
    again_effect=_("The next sync of %(name)s reads all users again. Existing data is kept."),
    build_address=build_agent_address,
)
_WORDS: Mapping[str, SourceWords] = MappingProxyType({ZendeskProduct.CHAT: _CHAT, ZendeskProduct.MESSAGING: _MESSAGING})


_WAITING_LIST_OF_BOTH = _(
    "Players who signed in and are not linked yet, the latest sign-in first. They leave this list after "
    "their first chat has ended, or on Messaging after their first ticket, when sync has read it."
)


def find_words(product: str) -> SourceWords:
    """Return the words of an integration by its `zendesk_product`."""
    return _WORDS[product]


def list_products() -> frozenset[str]:
    """Return the products of all integrations, without a query; none where this process knows no settings yet."""
    snapshot = registry.last_good()
    return frozenset(config.zendesk_product for config in snapshot.by_slug.values()) if snapshot else frozenset()


def name_source(product: str) -> Text:
    """Return the product's short name where there are integrations of both, "" where it goes without saying."""
    return find_words(product).name if len(list_products()) > 1 else ""


def describe_waiting_list() -> tuple[Text, Text]:
    """Return what the list of players who signed in and are not linked yet is called, and who is on it."""
    products = list_products()
    if len(products) > 1:
        return _("Signed in, not linked"), _WAITING_LIST_OF_BOTH
    words = find_words(next(iter(products), ZendeskProduct.CHAT))
    return words.waiting.word, words.waiting_list
