"""What each deed of the audit is called: a sentence with who did it, and to whom or what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext, gettext_lazy
from django.utils.translation import gettext_lazy as _

from linking.accounts.single_sign_on import issuer_accounts
from linking.models import AuditEvent

FIELDS_SHOWN_MAX = 12
# What the audit stores for deeds of commands.
COMMAND_LINE = "command line"
# And for what the issuer's groups bring about.
ISSUER = issuer_accounts.ACTOR


class DeedKind(StrEnum):
    """What a deed is about, as the page's filter offers it."""

    PEOPLE = "people"
    SIGN_INS = "sign_ins"
    SETTINGS = "settings"
    RECORDS = "records"
    CONFLICTS = "conflicts"
    LISTS = "lists"
    SYNC = "sync"


KIND_WORDS: Mapping[DeedKind, Any] = {
    DeedKind.PEOPLE: _("People and groups"),
    DeedKind.SIGN_INS: _("Sign-ins, passwords and second factors"),
    DeedKind.SETTINGS: _("Integrations, alarms, labels and API tokens"),
    DeedKind.RECORDS: _("Players and notes"),
    DeedKind.CONFLICTS: _("Conflicts and links"),
    DeedKind.LISTS: _("Exports, views and refreshes"),
    DeedKind.SYNC: _("Sync"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Deed:
    """`sentence` names %(actor)s and %(target)s."""

    kind: DeedKind
    sentence: Any


def _people(sentence: Any) -> _Deed:
    return _Deed(kind=DeedKind.PEOPLE, sentence=sentence)


def _sign_in(sentence: Any) -> _Deed:
    return _Deed(kind=DeedKind.SIGN_INS, sentence=sentence)


def _setting(sentence: Any) -> _Deed:
    return _Deed(kind=DeedKind.SETTINGS, sentence=sentence)


def _record(sentence: Any) -> _Deed:
    return _Deed(kind=DeedKind.RECORDS, sentence=sentence)


def _conflict(sentence: Any) -> _Deed:
    return _Deed(kind=DeedKind.CONFLICTS, sentence=sentence)


def _list(sentence: Any) -> _Deed:
    return _Deed(kind=DeedKind.LISTS, sentence=sentence)


def _sync(sentence: Any) -> _Deed:
    return _Deed(kind=DeedKind.SYNC, sentence=sentence)


DEEDS: Mapping[str, _Deed] = {
    "person.invited": _people(_("%(actor)s invited %(target)s.")),
    "person.link_made": _people(_("%(actor)s made a sign-in link for %(target)s.")),
    "person.link_used": _sign_in(_("%(target)s signed in with a link.")),
    "person.groups_changed": _people(_("%(actor)s changed the role of %(target)s.")),
    "person.switched_off": _people(_("%(actor)s switched off the account %(target)s.")),
    "person.switched_on": _people(_("%(actor)s switched on the account %(target)s.")),
    "person.signed_out": _people(_("%(actor)s signed %(target)s out everywhere.")),
    "person.sign_in_ended": _sign_in(_("%(actor)s ended one of their sign-ins.")),
    "person.made": _people(_("%(actor)s created the account %(target)s in the admin.")),
    "person.changed": _people(_("%(actor)s changed the account %(target)s in the admin.")),
    "person.removed": _people(_("%(actor)s removed the account %(target)s.")),
    "person.demo_removed": _people(_("The demo account %(target)s was removed.")),
    "person.joined_issuer": _people(_("The account %(target)s was joined with single sign-on.")),
    "person.made_by_issuer": _people(_("The account %(target)s was created at its first single sign-on.")),
    "person.parted_issuer": _people(_("%(actor)s ended single sign-on for their account.")),
    "person.signed_in": _sign_in(_("%(target)s signed in.")),
    "person.sign_in_failed": _sign_in(_("Someone failed to sign in as %(target)s.")),
    "person.password_set": _sign_in(_("%(target)s set a new password.")),
    "factor.added": _sign_in(_("%(target)s added a second factor.")),
    "factor.removed": _sign_in(_("%(actor)s removed a second factor of %(target)s.")),
    "factor.renewed": _sign_in(_("%(target)s created new recovery codes.")),
    "admin_link.made": _people(_("%(actor)s made an administrator link for %(target)s.")),
    "admin_link.used": _sign_in(_("%(target)s signed in with an administrator link.")),
    "api_token.made": _setting(_("%(actor)s made an API token for %(target)s.")),
    "api_token.revoked": _setting(_("%(actor)s revoked the API token of %(target)s.")),
    "seal.rewrap_began": _setting(_("%(actor)s began to move everything sealed to the seal key %(target)s.")),
    "seal.rewrapped": _setting(_("%(actor)s moved everything sealed to the seal key %(target)s.")),
    "integration.created": _setting(_("%(actor)s created the integration %(target)s.")),
    "integration.changed": _setting(_("%(actor)s changed the integration %(target)s.")),
    "integration.removed": _setting(_("%(actor)s removed the integration %(target)s.")),
    "integration.connected": _setting(_("%(actor)s connected %(target)s with Zendesk.")),
    "set_alarm": _setting(_("%(actor)s changed the alarm settings.")),
    "alarm.tested": _setting(_("%(actor)s sent a test alarm.")),
    "user.blocked": _record(_("%(actor)s blocked the player %(target)s.")),
    "user.unblocked": _record(_("%(actor)s lifted the block of the player %(target)s.")),
    "note.written": _record(_("%(actor)s wrote a note on the player %(target)s.")),
    "note.edited": _record(_("%(actor)s edited a note on the player %(target)s.")),
    "note.removed": _record(_("%(actor)s removed a note on the player %(target)s.")),
    "label.put": _record(_("%(actor)s put a label on the player %(target)s.")),
    "label.taken": _record(_("%(actor)s took a label off the player %(target)s.")),
    "record.viewed": _record(_("%(actor)s opened the record %(target)s.")),
    "record.searched": _record(_("%(actor)s searched for %(target)s.")),
    "person.exported_data": _record(_("%(actor)s exported all that is kept of the person %(target)s.")),
    "erasure.made": _record(_("%(actor)s erased a person (%(target)s).")),
    "erasure.lifted": _record(_("%(actor)s readmitted a person (%(target)s).")),
    "label.added": _setting(_("%(actor)s added the label %(target)s.")),
    "label.changed": _setting(_("%(actor)s changed the label %(target)s.")),
    "label.removed": _setting(_("%(actor)s removed the label %(target)s.")),
    "decide_conflict": _conflict(_("%(actor)s decided %(target)s.")),
    "undo_conflict": _conflict(_("%(actor)s undid the decision about %(target)s.")),
    "assign_conflict": _conflict(_("%(actor)s changed the owner of %(target)s.")),
    "flag_conflict": _conflict(_("%(actor)s flagged %(target)s for a lead.")),
    "unflag_conflict": _conflict(_("%(actor)s removed the flag from %(target)s.")),
    "share_view": _list(_("%(actor)s shared the %(target)s with everyone.")),
    "unshare_view": _list(_("%(actor)s made the %(target)s private.")),
    "rename_view": _list(_("%(actor)s renamed the %(target)s.")),
    "move_view": _list(_("%(actor)s moved the %(target)s.")),
    "remove_view": _list(_("%(actor)s removed the %(target)s.")),
    "export": _list(_("%(actor)s exported %(target)s.")),
    "recheck": _list(_("%(actor)s had %(target)s refreshed.")),
    "pause_sync": _sync(_("%(actor)s paused the sync of %(target)s.")),
    "resume_sync": _sync(_("%(actor)s resumed the sync of %(target)s.")),
    "stop_pass": _sync(_("%(actor)s stopped a running sync of %(target)s.")),
    "backfill_sync": _sync(_("%(actor)s had chats of %(target)s imported again.")),
}
# Words that the audit stores among the names of fields.
_FIELD_SENTENCES: Mapping[str, Any] = {
    "account made": _("The account was created for this link."),
    "promoted": _("The account became an administrator."),
}
_UNKNOWN = gettext_lazy("%(actor)s: %(action)s %(target)s")
_ACTORS: Mapping[str, Any] = {COMMAND_LINE: gettext_lazy("The command line"), ISSUER: gettext_lazy("Single sign-on")}
_NAMES_NOBODY = gettext_lazy("an unknown account")


def list_actions(kind: DeedKind) -> list[str]:
    """Return the actions of a kind, as the audit stores them."""
    return [action for action, deed in DEEDS.items() if deed.kind == kind]


def describe_deed(event: AuditEvent, *, player: tuple[str, str] = ("", "")) -> SafeString:
    """Return the sentence of a deed as HTML; names stand in `bdi`, because people choose them.

    `player` is the address and the name of the player whom the deed concerns.
    """
    address, name = player
    deed = DEEDS.get(event.action)
    sentence = str(deed.sentence if deed else _UNKNOWN)
    words = {
        "actor": format_html("<bdi>{}</bdi>", _ACTORS.get(event.actor, event.actor)),
        "target": format_html('<a href="{}"><bdi>{}</bdi></a>', address, name)
        if address
        else format_html("<bdi>{}</bdi>", event.target or _NAMES_NOBODY),
        "action": format_html("<code>{}</code>", event.action),
    }
    # The sentence is ours or a translator's and is escaped like every text; the names in it are escaped above.
    return mark_safe(conditional_escape(sentence) % words)  # noqa: S308


def describe_fields(fields: Sequence[str]) -> str:
    """Return what was touched in one line, "" for nothing."""
    shown = ", ".join(str(_FIELD_SENTENCES.get(name, name)) for name in fields[:FIELDS_SHOWN_MAX])
    if len(fields) > FIELDS_SHOWN_MAX:
        return gettext("%(names)s and %(number)d more") % {"names": shown, "number": len(fields) - FIELDS_SHOWN_MAX}
    return shown
