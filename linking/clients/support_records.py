"""Zendesk Support's users as records of ours, read leniently and only as far as it takes to know whom to keep.

Most users of an account concern nobody here: agents, and people without a Login user's ID. So nothing of a user leaves
this module unless it is asked for: `read_user` returns who it is, and `SupportUser.as_visitor` what is to be kept.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from linking.clients.zendesk_records import VisitorRecord, describe_junk, parse_time, read_contact
from linking.core.user_ids import user_id_flaw, user_id_text

END_USER = "end-user"
# Null says that there is no external ID. A field that is not there says nothing, and must not end a link.
_NEEDED = {"id", "external_id", "role"}
_ID = re.compile(r"[1-9][0-9]{0,19}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class SupportUser:
    """One user of Zendesk Support. `external_id` is "" where it says nothing or cannot be read as an ID.

    `updated_at` is None where unreadable. `raw` is the vendor's object and never leaves this machine's memory whole.
    """

    user_id: str
    external_id: str
    is_end_user: bool
    is_active: bool
    updated_at: datetime | None
    raw: Mapping[str, Any] = field(repr=False, compare=False)

    def as_visitor(self, *, user_id: str, junk_reason: str = "") -> VisitorRecord:
        """Return what is kept of the user.

        Args:
            user_id: the Login user that the external ID means, "" for none.
            junk_reason: why the external ID cannot mean one, as a machine word; "" where there is nothing to tell.
        """
        return VisitorRecord(
            visitor_id=self.user_id,
            **read_contact(self.raw),
            is_banned=self.raw.get("suspended") is True,
            created_at=parse_time(self.raw.get("created_at")),
            changed_at=self.updated_at,
            user_id=user_id,
            junk=describe_junk(self.raw.get("external_id")) if junk_reason else "",
            junk_reason=junk_reason,
            is_case_blind=True,
        )

    def find_junk_reason(self) -> str:
        """Return why the external ID can be nobody's user ID, as `user_id_flaw` does; "" where it can, or is empty."""
        value = self.raw.get("external_id")
        return "" if value in (None, "") else user_id_flaw(user_id_text(value))


def read_user(raw: object) -> SupportUser | None:
    """Return the user that the vendor's JSON value describes; None where it has no ID, or does not say what decides
    about the link. Unknown fields are ignored.

    Source: fact sheet of Messaging accounts, section 3: `id` is a 64-bit integer, text in webhooks; `role` is
    `end-user`, `agent` or `admin`; a deleted user comes with `active: false`.
    """
    if not isinstance(raw, dict) or not raw.keys() >= _NEEDED:
        return None
    user_id = read_user_id(raw["id"])
    if not user_id:
        return None
    text = user_id_text(raw.get("external_id"))
    return SupportUser(
        user_id=user_id,
        external_id=text if isinstance(text, str) and not user_id_flaw(text) else "",
        is_end_user=raw.get("role") == END_USER,
        is_active=raw.get("active") is not False,
        updated_at=parse_time(raw.get("updated_at")),
        raw=raw,
    )


def read_user_id(value: object) -> str:
    """Return the ID of a Support user as decimal text, "" where `value` cannot be one."""
    text = user_id_text(value)
    return text if isinstance(text, str) and _ID.match(text) else ""
