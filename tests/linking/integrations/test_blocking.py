import pytest

from linking import registry
from linking.integrations import Actor, BadIntegration, block_user, lift_block
from linking.models import AuditEvent, BlockedUser
from linking.registry import NoSuchIntegration
from tests.factories import NOW, USER_ID, make_integration

ADA = Actor(name="ada")


def block(user_id=USER_ID, slug="acme"):
    return block_user(slug=slug, user_id=user_id, actor=ADA, now=NOW)


def lift(user_id=USER_ID, slug="acme"):
    return lift_block(slug=slug, user_id=user_id, actor=ADA, now=NOW)


@pytest.mark.django_db(transaction=True)
class TestBlockUser:
    @pytest.fixture(autouse=True)
    def acme(self):
        return make_integration()

    def test_is_in_force_in_this_process_at_once(self):
        block()
        assert registry.current().by_slug["acme"].blocked_user_ids == {USER_ID}

    def test_is_seen_by_other_processes_at_their_next_look(self):
        snapshot = registry.current()
        block()
        assert registry.current().version > snapshot.version

    def test_ends_when_it_is_lifted(self):
        block()
        assert lift() and registry.current().by_slug["acme"].blocked_user_ids == set()

    def test_twice_changes_nothing(self):
        assert [block(), block(), lift(), lift()] == [True, False, True, False]
        assert AuditEvent.objects.count() == 2

    def test_is_recorded_with_who_did_it(self):
        block()
        assert AuditEvent.objects.values_list("actor", "action", "target").get() == (
            "ada", "user.blocked", f"acme {USER_ID}",
        )  # fmt: skip

    @pytest.mark.parametrize("user_id", ["", " x", "null", "a\x00b", "x" * 256])
    def test_refuses_what_can_be_no_user(self, user_id):
        with pytest.raises(BadIntegration):
            block(user_id)
        assert not BlockedUser.objects.exists()

    @pytest.mark.parametrize("act", [block, lift])
    def test_needs_an_integration(self, act):
        with pytest.raises(NoSuchIntegration):
            act(slug="nobody")
