"""What counts as a conflict between Zendesk and Login: one function for each kind but those that people raise."""

from collections.abc import Iterable
from hashlib import sha256

from linking.clients.zendesk_records import VisitorRecord
from linking.core.states import ConflictKind
from linking.sync.plans.facts import Disagreement, LinkBefore

SUBJECT_MAX_CHARACTERS = 400
OWNERS_MAX = 5  # users named as owners of one e-mail address
USERS_OF_ONE_CHANGE = 2
SHARED_DEVICE_SUBJECT = "device"  # the same for every pair of users, so that a visitor has one such question


def find_disagreements(
    *, record: VisitorRecord, before: LinkBefore, email_owners: Iterable[str]
) -> tuple[Disagreement, ...]:
    """Return what `record`, which names a user, is at odds with: the links before, and whose the e-mail address is."""
    owners = sorted(set(email_owners))
    if not record.email or record.user_id in owners:
        return _find_user_changes(user_id=record.user_id, before=before)
    return _find_user_changes(user_id=record.user_id, before=before) + tuple(
        Disagreement(
            kind=ConflictKind.EMAIL_OF_ANOTHER_USER,
            subject=build_subject(record.user_id, owner),
            user_id=record.user_id,
            other_user_id=owner,
        )
        for owner in owners[:OWNERS_MAX]
    )


def _find_user_changes(*, user_id: str, before: LinkBefore) -> tuple[Disagreement, ...]:
    """Return the one question that a change of user raises; none where a person called the device shared.

    A second user may be the first one's new account. A third one, or a former one who is back, means one device and
    several people; that is one question a visitor, however often they take turns.
    """
    others = sorted(({before.open_user_id} | before.joined_user_ids) - {"", user_id})
    if not others or before.is_shared_device:
        return ()
    users = (before.former_user_ids | set(others) | {user_id}) - before.parted_user_ids
    if user_id in before.former_user_ids or len(users) > USERS_OF_ONE_CHANGE:
        shared = Disagreement(
            kind=ConflictKind.SHARED_DEVICE, subject=SHARED_DEVICE_SUBJECT, user_id=user_id, other_user_id=others[0]
        )
        return (shared,)
    return tuple(
        Disagreement(
            kind=ConflictKind.RELINKED, subject=build_subject(former, user_id), user_id=user_id, other_user_id=former
        )
        for former in others
    )


def find_variants(*, user_id: str, others: Iterable[str]) -> tuple[Disagreement, ...]:
    """Return a conflict for each of `others`, whose IDs differ from `user_id` by upper and lower case only."""
    return tuple(
        Disagreement(
            kind=ConflictKind.ID_VARIANT,
            subject=build_subject(*sorted((user_id, other))),
            user_id=user_id,
            other_user_id=other,
        )
        for other in sorted(set(others) - {user_id})[:OWNERS_MAX]
    )


def report_junk(record: VisitorRecord) -> Disagreement:
    """Return the conflict of a visitor whose external ID is no user ID."""
    return Disagreement(kind=ConflictKind.JUNK_EXTERNAL_ID, subject=build_subject(record.junk_reason, record.junk))


def build_subject(*parts: str) -> str:
    """Return a text that is the same for the same disagreement and fits its column."""
    text = "|".join(parts)
    if len(text) <= SUBJECT_MAX_CHARACTERS:
        return text
    return text[: SUBJECT_MAX_CHARACTERS - 33] + "|" + sha256(text.encode()).hexdigest()[:32]
