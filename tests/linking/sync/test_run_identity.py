"""Who is who when ids, users and addresses disagree: always a question with both sides, never a silent merge."""

import pytest

from linking.models import Conflict, LoginUser, Visitor, VisitorLink
from linking.sync import run as sync
from linking.sync.chat.source import ChatSource
from tests.factories import make_integration, make_login_user
from tests.linking.sync.fake_chat import DAY_AGO_S, NOW, FakeChat, FakeTime, patience

pytestmark = pytest.mark.django_db


@pytest.fixture
def chat(monkeypatch):
    fake = FakeChat()
    monkeypatch.setattr(ChatSource, "open_client", lambda _source, **_options: fake)
    return fake


@pytest.fixture
def acme():
    return make_integration(requests_per_minute=100_000)


def run(acme):
    return sync.run_pass(
        integration_id=acme.pk, trigger="command", is_eager=True, clock=FakeTime().clock, patience=patience(),
        allow_loopback=False,
    )  # fmt: skip


def conflicts():
    rows = Conflict.objects.order_by("kind", "subject").select_related("login_user", "other_user")
    return [(one.kind, *(user and user.user_id for user in (one.login_user, one.other_user))) for one in rows]


class TestCaseVariants:
    @pytest.mark.parametrize("users", [("abc-1", "ABC-1"), ("ABC-1", "abc-1"), ("aBc-1", "abc-1")])
    def test_of_a_user_id_are_two_users_and_a_question(self, acme, chat, users):
        chat.populate(users)
        run(acme)
        assert LoginUser.objects.count() == VisitorLink.objects.open().count() == 2
        assert {kind for kind, _, _ in conflicts()} == {"id_variant"}

    def test_are_found_also_when_the_other_came_long_before(self, acme, chat):
        make_login_user(integration=acme, user_id="abc-1")
        chat.populate(["ABC-1"])
        run(acme)
        assert conflicts() == [("id_variant", "ABC-1", "abc-1")]

    @pytest.mark.parametrize("other", ["aBc-1", "Abc-1", "abC-1"])
    def test_are_found_however_the_other_mixes_its_letters(self, acme, chat, other):
        make_login_user(integration=acme, user_id=other)
        chat.populate(["ABc-1"])
        run(acme)
        assert conflicts() == [("id_variant", "ABc-1", other)]

    def test_are_found_beyond_the_letters_of_ascii(self, acme, chat):
        make_login_user(integration=acme, user_id="zoë-A")
        chat.populate(["ZOË-a"])
        run(acme)
        assert conflicts() == [("id_variant", "ZOË-a", "zoë-A")]

    def test_of_other_integrations_are_nobodys_business(self, acme, chat):
        make_login_user(integration=make_integration(slug="other"), user_id="abc-1")
        chat.populate(["ABC-1"])
        run(acme)
        assert conflicts() == []

    def test_of_a_visitor_id_are_two_visitors(self, acme, chat):
        for visitor_id in ("7.aB", "7.Ab"):
            chat.add_visitor(visitor_id, external_id=visitor_id[::-1])
            chat.add_chat(visitor_id)
        run(acme)
        assert Visitor.objects.filter(state="linked").count() == 2


class TestHistory:
    def test_of_a_device_that_went_from_hand_to_hand_is_whole(self, acme, chat):
        users = ["a", "b", "a", "c", "b"]
        for number, user_id in enumerate(users):
            chat.add_visitor("7.x", external_id=user_id)
            chat.add_chat("7.x", at_s=DAY_AGO_S + number)
            run(acme)
        history = list(VisitorLink.objects.order_by("pk").values_list("login_user__user_id", "end_reason"))
        assert history == [*((user_id, "relinked") for user_id in users[:-1]), ("b", "")]

    def test_names_both_users_of_a_shared_device(self, acme, chat):
        for number, user_id in enumerate(["a", "b", "a"]):
            chat.add_visitor("7.x", external_id=user_id)
            chat.add_chat("7.x", at_s=DAY_AGO_S + number)
            run(acme)
        assert conflicts() == [("shared_device", "a", "b")]

    def test_of_one_user_on_many_devices_asks_nothing(self, acme, chat):
        chat.populate(["u"] * 20)
        run(acme)
        assert (VisitorLink.objects.open().count(), LoginUser.objects.count(), conflicts()) == (20, 1, [])


class TestAddresses:
    def test_of_another_user_are_a_question_and_change_no_link(self, acme, chat):
        make_login_user(
            integration=acme, user_id="owner", email="n@player.example", first_authenticated_at=NOW,
            last_authenticated_at=NOW, tokens_issued=1,
        )  # fmt: skip
        chat.add_visitor("7.a", external_id="other", email="n@player.example")
        chat.add_chat("7.a")
        run(acme)
        assert conflicts() == [("email_of_another_user", "other", "owner")]
        assert VisitorLink.objects.get().login_user.user_id == "other"


class TestOddRecords:
    def test_of_offline_messages_count_like_chats(self, acme, chat):
        chat.add_visitor("7.a", external_id="u")
        chat.add_chat("7.a")
        chat.chats[0] |= {"type": "offline_msg", "message": "Hello"}
        run(acme)
        assert Visitor.objects.get().state == "linked"

    def test_of_deleted_chats_still_name_their_visitor(self, acme, chat):
        chat.add_visitor("7.a", external_id="u")
        chat.add_chat("7.a")
        chat.chats[0]["deleted"] = True
        run(acme)
        assert Visitor.objects.get().state == "linked"

    @pytest.mark.parametrize("visitor_id", ["1", "1.12345", 1, "no-such-id", "7.a-b_c~d"])
    def test_of_visitors_made_by_api_are_gone_and_hold_nothing_back(self, acme, chat, visitor_id):
        chat.add_chat(visitor_id)
        chat.populate(["u"])
        assert run(acme).is_complete
        assert sorted(Visitor.objects.values_list("state", flat=True)) == ["gone", "linked"]
