import pytest
from django.contrib.auth import get_user_model

from linking.core.states import ConflictKind
from linking.models import Conflict, ConflictFlag
from linking.sync.plans.conflict_rules import SHARED_DEVICE_SUBJECT
from linking.sync.plans.facts import Disagreement
from linking.sync.store.disagreements import store_disagreements
from linking.sync.store.parted_links import move_conflicts
from tests.factories import NOW, make_integration, make_login_user, make_run, make_visitor

pytestmark = pytest.mark.django_db


@pytest.fixture
def visitor():
    integration = make_integration()
    make_login_user(integration=integration)
    return make_visitor(integration=integration)


def make_conflict(visitor, subject, **changes):
    return Conflict.objects.create(
        integration=visitor.integration, kind="relinked", visitor=visitor, subject=subject, first_seen_at=NOW,
        last_seen_at=NOW, **changes,
    )  # fmt: skip


def see_shared_device(visitor):
    item = Disagreement(kind=ConflictKind.SHARED_DEVICE, user_id="a", other_user_id="b", subject=SHARED_DEVICE_SUBJECT)
    store_disagreements(run=make_run(integration=visitor.integration), disagreements=[(visitor, item)], now=NOW)


class TestStoreDisagreements:
    def test_hands_flags_and_owner_of_merged_conflicts_over(self, visitor):
        lena = get_user_model().objects.create_user("lena")
        make_conflict(visitor, "1|")
        flagged = make_conflict(visitor, "2|", flagged_at=NOW, owner=lena)
        ConflictFlag.objects.create(conflict=flagged, by_name="anna", reason="please look", at=NOW)
        see_shared_device(visitor)
        staying = Conflict.objects.get()
        assert (staying.kind, staying.flagged_at, staying.owner) == ("shared_device", NOW, lena)
        assert staying.flags.get().reason == "please look"

    def test_keeps_the_owner_of_the_conflict_that_stays(self, visitor):
        lena, bo = (get_user_model().objects.create_user(name) for name in ("lena", "bo"))
        make_conflict(visitor, "1|", owner=lena)
        make_conflict(visitor, "2|", owner=bo)
        see_shared_device(visitor)
        assert Conflict.objects.get().owner == lena


class TestMoveConflicts:
    @pytest.mark.parametrize("is_taken", [True, False])
    def test_keeps_a_second_one_that_a_person_took(self, visitor, is_taken):
        lena = get_user_model().objects.create_user("lena")
        other = make_visitor(integration=visitor.integration, visitor_id="7700123.other")
        make_conflict(visitor, "1|", owner=lena if is_taken else None)
        make_conflict(other, "1|")
        move_conflicts(row=visitor, other=other)
        assert other.conflicts.count() == 1 + is_taken
