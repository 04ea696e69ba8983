"""Links to the same record at the two vendors: always https, and always a host from the settings."""

import re
from urllib.parse import quote, urlsplit

# Source: reference sheet of Zendesk Chat, agent dashboard addresses, read 2026-11: the fragment takes the dash form.
_CHAT = "https://{subdomain}.zendesk.com/chat/agent#visitors/visitor_list/state#!{account}-{token}"
# Source: fact sheet of Messaging accounts, section 3, agent pages.
_AGENT = "https://{subdomain}.zendesk.com/agent/users/{user_id}"
# Source: reference sheet of Zendesk Chat, links for staff (inferred: no page of the vendor names it).
_TICKET = "https://{subdomain}.zendesk.com/agent/tickets/{ticket_id}"
_VISITOR_ID = re.compile(r"(?P<account>[0-9]{1,20})[.-](?P<token>[A-Za-z0-9]{1,100})\Z")
_USER_ID = re.compile(r"[0-9]{1,20}\Z")
_SUBDOMAIN = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\Z")
_PLACE = re.compile(r"\{([^{}]*)\}")


def build_chat_address(*, subdomain: str, visitor_id: str) -> str:
    """Return where Zendesk Chat's dashboard shows the visitor, or "" if it is unknown."""
    match = _VISITOR_ID.match(visitor_id)
    if not match or not _SUBDOMAIN.match(subdomain):
        return ""
    return _CHAT.format(subdomain=subdomain, account=match["account"], token=match["token"])


def build_agent_address(*, subdomain: str, visitor_id: str) -> str:
    """Return where Zendesk Support's agents see the user, or "" when that cannot be told."""
    if not _USER_ID.match(visitor_id) or not _SUBDOMAIN.match(subdomain):
        return ""
    return _AGENT.format(subdomain=subdomain, user_id=visitor_id)


def build_ticket_address(*, subdomain: str, ticket_id: int) -> str:
    """Return where Zendesk Support's agents see the ticket made from a chat, or "" when that cannot be told."""
    return _TICKET.format(subdomain=subdomain, ticket_id=ticket_id) if _SUBDOMAIN.match(subdomain) else ""


def build_publisher_address(
    *, template: str, merchant_id: str, project_id: str, login_project_id: str, user_id: str
) -> str:
    """Return where Publisher Account shows the user, or "" when the template, or a value it needs, is missing.

    It fills each of `linking.integrations.rules.TEMPLATE_WORDS`, which are the words that a template may use.

    Values are percent-encoded whole, so that none can add a path, a query or another host.
    """
    values = {
        "merchant_id": merchant_id,
        "project_id": project_id,
        "login_project_id": login_project_id,
        "user_id": user_id,
    }
    # A value of dots alone would climb as a step of the path, however it is encoded.
    is_whole = all(values.get(name, "").strip(".") for name in _PLACE.findall(template))
    if not is_whole or not _is_https(template):
        return ""
    address = _PLACE.sub(lambda place: quote(values[place[1]], safe=""), template)
    return address if _is_https(address) else ""


def _is_https(address: str) -> bool:
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return False
    is_fixed = "{" not in parts.netloc and "@" not in parts.netloc
    return parts.scheme == "https" and bool(host) and is_fixed
