"""The first page of the admin: its tables in two groups, by plain names."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise


@dataclass(frozen=True, slots=True)
class TableWords:
    """What a table is called on the first page, and what it is for."""

    name: Text
    purpose: Text


# In the order of the page. What is not listed comes after, under its own name.
SETTINGS: Mapping[str, TableWords] = MappingProxyType(
    {
        "Integration": TableWords(_("Integrations"), _("Login projects, Zendesk accounts and their secrets")),
        "User": TableWords(_("People"), _("Who may sign in, and in which group")),
        "Group": TableWords(_("Groups"), _("Agents, leads, admins: who is in them is set on a person's page")),
        "Authenticator": TableWords(_("Second factors"), _("Remove one that a person has lost")),
        "EmailAddress": TableWords(_("E-mail addresses of people"), _("Entered by the people themselves")),
        "APIToken": TableWords(_("API tokens"), _("Access for programs")),
        "AlarmSettings": TableWords(_("Alarms"), _("Who is told when a sync stops, or when conflicts are new")),
        "BlockedUser": TableWords(_("Blocked players"), _("Players who get no token")),
    }
)
RECORDS: Mapping[str, TableWords] = MappingProxyType(
    {
        "AuditEvent": TableWords(_("Audit"), _("Who changed what, and when")),
        "Visitor": TableWords(_("Visitors"), _("As read from Zendesk")),
        "VisitorAlias": TableWords(_("Other IDs of visitors"), _("IDs that lead to the same visitor")),
        "LoginUser": TableWords(_("Players"), _("Who got a token, or is linked to a visitor")),
        "VisitorLink": TableWords(_("Links"), _("Which visitor is which player, now and before")),
        "Conflict": TableWords(_("Conflicts"), _("What Zendesk and Login disagree about")),
        "ConflictDecision": TableWords(_("Conflict decisions"), _("Who decided what")),
        "DecisionBatch": TableWords(_("Bulk decisions"), _("Who decided many conflicts at once")),
        "ConflictFlag": TableWords(_("Conflict flags"), _("Who asked a lead to look")),
        "ConflictNotice": TableWords(_("Conflict notices"), _("Which were sent, and which failed")),
        "SyncRun": TableWords(_("Syncs"), _("The last syncs and how they ended")),
        "SyncSteering": TableWords(_("Paused syncs"), _("Who paused a sync or reads old chats again")),
        "Quarantined": TableWords(_("Unreadable records"), _("What Zendesk sent and zdbridge could not read")),
        "AnswerCount": TableWords(_("Token answers"), _("Given and refused, by the hour")),
        "ClockOffset": TableWords(_("Clock differences"), _("How far tokens came from the future")),
        "WebhookDelivery": TableWords(_("Webhook calls"), _("When Zendesk reported a change")),
        "Incident": TableWords(_("Incidents"), _("What went wrong, and when it was over")),
        "AlarmMessage": TableWords(_("Alarm messages"), _("Which were sent, and which failed")),
        "Heartbeat": TableWords(_("Heartbeats"), _("When each process last worked")),
        "Lease": TableWords(_("Leases"), _("Which process works on what")),
        "RequestSlot": TableWords(_("Request slots"), _("When Zendesk may be called again")),
    }
)


def group_tables(apps: Iterable[Mapping[str, Any]], *, records: Iterable[type]) -> list[dict[str, Any]]:
    """Return Django's tables of `apps` in the groups *Settings* and *Records*; a group without tables is left out.

    Args:
        records: the models that machines write.
    """
    machine_written = set(records)
    tables = [table for app in apps for table in app["models"]]
    settings = [table for table in tables if table["model"] not in machine_written]
    written = [table for table in tables if table["model"] in machine_written]
    groups = (
        _build_group("settings", name=_("Settings"), tables=settings, words=SETTINGS),
        _build_group("records", name=_("Records (read only)"), tables=written, words=RECORDS),
    )
    return [group for group in groups if group["models"]]


def _build_group(
    label: str, *, name: Text, tables: Iterable[Mapping[str, Any]], words: Mapping[str, TableWords]
) -> dict[str, Any]:
    places = {known: place for place, known in enumerate(words)}
    ordered = sorted(tables, key=lambda table: (places.get(table["object_name"], len(places)), str(table["name"])))
    return {
        "app_label": label,
        "name": name,
        "app_url": "",
        "has_module_perms": True,
        "models": [_name(table, words=words) for table in ordered],
    }


def _name(table: Mapping[str, Any], *, words: Mapping[str, TableWords]) -> dict[str, Any]:
    known = words.get(table["object_name"])
    return {**table, "purpose": ""} if known is None else {**table, "name": known.name, "purpose": known.purpose}
