"""Receipts of erasures: listed, checked, and lifted where a person consented anew."""

import hmac
import json
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from linking.keeping import Trace, hold_alone, make_digests, sign
from linking.models import AuditEvent, ErasedMark, ErasureReceipt, Integration
from linking.privacy.erase_person import Receipt, build_receipt, write_body
from linking.privacy.subject import BadSubject, Name

LIFTED = "erasure.lifted"


def list_receipts(*, limit: int) -> list[Receipt]:
    """Return the newest receipts."""
    return [build_receipt(row) for row in ErasureReceipt.objects.order_by("-made_at", "-pk")[:limit]]


def find_receipt(number: str) -> Receipt | None:
    """Return the receipt with this number, None without one."""
    row = ErasureReceipt.objects.filter(number=number).first()
    return None if row is None else build_receipt(row)


def is_genuine(text: str) -> bool:
    """Return whether a receipt's file was written by this installation and has not been changed since.

    Raises: linking.keeping.ErasureKeyLost.
    """
    try:
        given = json.loads(text)
        body, signature = write_body(given["receipt"]), str(given["signature"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return False
    return hmac.compare_digest(sign(body).encode(), signature.encode("utf-8", "surrogatepass"))


@transaction.atomic
def readmit(*, by: Any, actor: str, now: datetime, name: Name | None = None, number: str = "") -> list[str]:
    """Let a person be kept again, by one of their IDs or the receipt's number; return the numbers of what was lifted.

    Nothing comes back by that: the next pass, token or webhook call stores the person as somebody new.

    Raises: BadSubject, linking.keeping.ErasureKeyLost.
    """
    hold_alone()
    receipts = ErasureReceipt.objects.filter(lifted_at__isnull=True)
    if name is not None:
        digests = make_digests({Trace(0, name.kind, name.value)}, project_ids=_list_projects(name))
        receipts = receipts.filter(pk__in=ErasedMark.objects.filter(digest__any_of=sorted(digests)).values("receipt"))
    else:
        receipts = receipts.filter(number=number)
    rows = list(receipts.order_by("pk"))
    for row in rows:
        ErasedMark.objects.filter(receipt=row).delete()
        ErasureReceipt.objects.filter(pk=row.pk).update(lifted_at=now, lifted_by=actor[:150])
        target = f"receipt {row.number}"
        AuditEvent.objects.create(at=now, actor=actor, actor_user=by, action=LIFTED, target=target, fields=[])
    return [row.number for row in rows]


def is_erased(name: Name) -> bool:
    """Return whether nothing may be kept under an ID. Raises: BadSubject, linking.keeping.ErasureKeyLost."""
    if not ErasedMark.objects.exists():
        return False
    digests = make_digests({Trace(0, name.kind, name.value)}, project_ids=_list_projects(name))
    return ErasedMark.objects.filter(digest__any_of=sorted(digests)).exists()


def _list_projects(name: Name) -> set[str]:
    rows = Integration.objects.all()
    if name.integration:
        rows = rows.filter(slug=name.integration)
    projects = {row.login_project_id for row in rows}
    if not projects and name.integration:
        raise BadSubject(_("There is no integration %(slug)s.") % {"slug": name.integration})
    return projects
