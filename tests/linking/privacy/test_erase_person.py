"""Nothing of an erased person is left in any table, and nothing of anybody else is lost."""

import threading
from datetime import timedelta

import pytest
from django.apps import apps
from django.db import connection, connections, transaction

from linking import keeping, privacy
from linking.checks import check_erasure_key
from linking.clients.zendesk_chat import ExportPage
from linking.clients.zendesk_records import parse_visitor
from linking.models import (
    AuditEvent,
    BlockedUser,
    Conflict,
    ErasedMark,
    ErasureReceipt,
    LoginUser,
    RefusedToken,
    SavedView,
    Visitor,
    VisitorChat,
    VisitorLink,
)
from linking.privacy import Name, receipts
from linking.sync.store.answers import store_answers
from linking.sync.store.batch import VisitorAnswer
from linking.sync.store.lookups import queue_named_visitor
from linking.sync.store.pages import _store_seen, parse_page
from linking.sync.store.quarantine import quarantine_records
from linking.sync.store.runs import Cursor
from linking.sync.webhook_calls import WebhookNotice
from linking.tokens import login_jwt, refused_players, sightings
from tests.factories import (
    NOW,
    USER_ID,
    make_chat,
    make_integration,
    make_login_user,
    make_run,
)
from tests.linking.privacy.people import (
    EMAIL,
    OLD_ID,
    OTHER_EMAIL,
    OTHER_ID,
    PHONE,
    VISITOR_ID,
    WORDS,
    lend_device,
    make_nadia,
    make_olaf,
)

pytestmark = pytest.mark.django_db
NEW_ID = "7700123.CanaryNewDevice"


@pytest.fixture
def acme():
    return make_integration()


def erase(**name):
    return privacy.erase(name=Name(**name), by=None, actor="ada", now=NOW)


def dump_database():
    """Every text of every row of every table, SQLite's search tables included."""
    texts = []
    with connection.cursor() as cursor:
        for model in apps.get_models(include_auto_created=True):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(model._meta.db_table)}")
            texts += [f"{model._meta.label} {row}" for row in cursor.fetchall()]
    return texts


def find_words(words=WORDS):
    return [text for text in dump_database() if any(word.casefold() in text.casefold() for word in words)]


def sight(acme, user_id=USER_ID, email=EMAIL):
    user = login_jwt.VerifiedUser(user_id=user_id, email=email, email_flaw=None, name="Nadia Canary")
    sightings.note(acme.pk, user, NOW.timestamp())
    sightings.flush()


def answer(acme, visitor_id, **record):
    values = {"id": visitor_id, "name": "", "email": "", "external_id": ""} | record
    given = VisitorAnswer(asked_id=visitor_id, record=parse_visitor(values))
    with transaction.atomic():
        return store_answers(run=make_run(integration=acme), answers=[given], now=NOW + timedelta(minutes=1))


def read_chat(acme, *visitors, at=NOW):
    records = [
        {"id": f"2611.7700123.c{place}", "visitor": visitor, "update_timestamp": at.isoformat()}
        for place, visitor in enumerate(visitors)
    ]
    page = parse_page(page=ExportPage(records=tuple(records), end_epoch_s=None, end_id="", is_short=True),
                      start=Cursor(epoch_s=0), now=NOW)  # fmt: skip
    with transaction.atomic():
        return _store_seen(integration_id=acme.pk, chats=page.chats, now=NOW)


class TestErase:
    @pytest.mark.parametrize(
        "name", [{"user_id": USER_ID}, {"visitor_id": OLD_ID.replace(".", "-")}, {"email": EMAIL.upper()}],
        ids=["user", "visitor", "email"],
    )  # fmt: skip
    def test_leaves_no_word_of_the_person_in_any_table(self, acme, name):
        make_nadia(acme)
        assert len(find_words()) > 15
        erase(**name)
        assert find_words() == []

    def test_counts_every_table_that_it_emptied(self, acme):
        make_nadia(acme)
        counts = erase(user_id=USER_ID).counts
        tables = {table.label for table in privacy.TABLES if not table.is_derived}
        assert tables - set(counts) == set()

    def test_touches_nobody_else(self, acme):
        make_nadia(acme)
        make_olaf(acme)
        before = find_words(("olaf",))
        erase(user_id=USER_ID)
        assert find_words(("olaf",)) == before

    def test_takes_the_person_off_a_device_that_is_anothers_now(self, acme):
        _visitor, nadia = make_nadia(acme)
        _visitor, olaf = make_olaf(acme)
        device = lend_device(acme, borrower=nadia, owner=olaf)
        make_chat(visitor=device, chat_id="hers", started_at=NOW - timedelta(minutes=90))
        erase(user_id=USER_ID)
        assert list(VisitorLink.objects.values_list("login_user__user_id", flat=True)) == [OTHER_ID]
        assert list(VisitorChat.objects.values_list("chat_id", flat=True)) == ["2611.7700123.olaf"]

    def test_takes_the_same_player_out_of_every_integration_of_the_login_project(self, acme):
        make_nadia(acme)
        other = make_integration(slug="acme-messaging", zendesk_product="messaging")
        make_login_user(integration=other, user_id=USER_ID.upper())
        erase(user_id=USER_ID, integration="acme")
        assert not LoginUser.objects.exists()

    def test_asks_which_of_two_login_projects_is_meant(self, acme):
        make_nadia(acme)
        other = make_integration(slug="other", login_project_id="11111111-2222-4333-8444-555555555555")
        make_login_user(integration=other)
        with pytest.raises(privacy.BadSubject, match="acme, other"):
            erase(user_id=USER_ID)
        erase(user_id=USER_ID, integration="other")
        assert LoginUser.objects.get().integration == acme

    def test_is_all_or_nothing(self, acme, monkeypatch):
        make_nadia(acme)
        before = dump_database()
        monkeypatch.setattr("linking.privacy.erase_person.sign", lambda _body: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            erase(user_id=USER_ID)
        assert dump_database() == before

    def test_does_not_mark_an_address_that_another_player_uses(self, acme):
        visitor, _player = make_nadia(acme)
        make_olaf(acme)
        Visitor.objects.filter(pk=visitor.pk).update(email=OTHER_EMAIL)
        erase(user_id=USER_ID)
        sight(acme, user_id=OTHER_ID, email=OTHER_EMAIL)
        assert LoginUser.objects.get().tokens_issued == 1

    def test_keeps_the_rest_of_a_saved_view(self, acme):
        make_nadia(acme)
        erase(user_id=USER_ID)
        assert SavedView.objects.get().query == "?state=linked"

    def test_is_in_the_audit_without_a_name(self, acme):
        make_nadia(acme)
        receipt = erase(user_id=USER_ID)
        event = AuditEvent.objects.get(action="erasure.made")
        assert (event.actor, event.target) == ("ada", f"receipt {receipt.number}")


class TestReceipt:
    def test_names_nobody(self, acme):
        make_nadia(acme)
        text = erase(user_id=USER_ID).text
        assert [word for word in (*WORDS, PHONE) if word in text] == []

    def test_is_genuine_until_it_is_changed(self, acme):
        make_nadia(acme)
        text = erase(user_id=USER_ID).text
        assert receipts.is_genuine(text)
        assert not receipts.is_genuine(text.replace('"ada"', '"bob"'))

    @pytest.mark.parametrize("text", ["", "{}", "[]", '{"receipt": 1, "signature": 1}', "[" * 100_000])
    def test_is_not_genuine_where_it_is_no_receipt(self, text):
        assert not receipts.is_genuine(text)

    def test_of_somebody_unknown_says_that_nothing_was_there(self, acme):
        assert erase(user_id="nobody-here").counts == {}


class TestNobodyComesBack:
    @pytest.fixture(autouse=True)
    def _erased(self, acme):
        make_nadia(acme)
        erase(user_id=USER_ID)

    def test_by_a_token(self, acme):
        sight(acme)
        assert not LoginUser.objects.exists()

    def test_by_a_token_in_another_spelling_or_with_the_address_alone(self, acme):
        sight(acme, user_id=USER_ID.upper(), email="")
        sight(acme, user_id="brand-new", email=EMAIL.upper())
        assert not LoginUser.objects.exists()

    def test_by_an_integration_that_is_added_later(self):
        sight(make_integration(slug="acme-messaging", zendesk_product="messaging"))
        assert not LoginUser.objects.exists()

    def test_by_a_refused_token(self, acme):
        key = refused_players._Key(acme.pk, USER_ID, 29_000_000, "expired", "", True)
        with refused_players._waiting.lock:
            refused_players._waiting.count(key, NOW.timestamp())
        refused_players.flush()
        assert not RefusedToken.objects.exists()

    @pytest.mark.parametrize(
        "visitor", [{"id": VISITOR_ID}, {"id": OLD_ID}, {"id": NEW_ID, "email": EMAIL}, {"id": NEW_ID, "name": EMAIL}],
        ids=["id", "alias", "email", "name"],
    )  # fmt: skip
    def test_by_a_chat(self, acme, visitor):
        read_chat(acme, visitor, {"id": "7700123.SomebodyElse01", "email": "else@player.example"})
        assert list(Visitor.objects.values_list("visitor_id", flat=True)) == ["7700123.SomebodyElse01"]
        assert VisitorChat.objects.count() == 1

    def test_by_the_answer_about_a_new_device(self, acme):
        read_chat(acme, {"id": NEW_ID})
        answer(acme, NEW_ID, external_id=USER_ID, email=EMAIL)
        assert (Visitor.objects.count(), LoginUser.objects.count(), find_words()) == (0, 0, [])

    def test_by_the_next_chat_of_a_new_device(self, acme):
        read_chat(acme, {"id": NEW_ID})
        answer(acme, NEW_ID, external_id=USER_ID)
        read_chat(acme, {"id": NEW_ID}, at=NOW + timedelta(hours=1))
        assert not Visitor.objects.exists()

    def test_on_a_device_that_was_anothers(self, acme):
        device, olaf = make_olaf(acme)
        answer(acme, device.visitor_id, external_id=USER_ID, email=EMAIL, name="Nadia Canary")
        device.refresh_from_db()
        assert (device.state, device.email, device.name, device.external_id) == ("anonymous", "", "", "")
        assert VisitorLink.objects.get().login_user == olaf

    def test_by_an_address_on_another_players_device(self, acme):
        device, _olaf = make_olaf(acme)
        answer(acme, device.visitor_id, external_id=OTHER_ID, email=EMAIL)
        device.refresh_from_db()
        assert (device.state, device.email) == ("linked", "")

    def test_by_a_webhook_call(self, acme):
        notice = WebhookNotice(at=NOW, visitor_id=VISITOR_ID)
        assert not queue_named_visitor(integration_id=acme.pk, notice=notice, now=NOW)
        assert not Visitor.objects.exists()

    def test_by_a_record_that_cannot_be_read(self, acme):
        page = parse_page(
            page=ExportPage(records=({"id": "2611.1.x", "visitor": {"mail": EMAIL}},), end_epoch_s=None, end_id="",
                            is_short=True),
            start=Cursor(epoch_s=0), now=NOW,
        )  # fmt: skip
        assert quarantine_records(run=make_run(integration=acme), source="chat", records=page.unreadable, now=NOW) == 0

    def test_until_the_person_is_readmitted(self, acme):
        (number,) = receipts.readmit(by=None, actor="ada", now=NOW, name=Name(user_id=USER_ID))
        sight(acme)
        read_chat(acme, {"id": VISITOR_ID})
        assert (LoginUser.objects.count(), Visitor.objects.count(), ErasedMark.objects.count()) == (1, 1, 0)
        assert ErasureReceipt.objects.get(number=number).lifted_by == "ada"

    def test_readmits_by_the_receipt_as_well(self, acme):
        number = ErasureReceipt.objects.get().number
        assert receipts.readmit(by=None, actor="ada", now=NOW, number=number) == [number]
        assert not receipts.is_erased(Name(user_id=USER_ID))

    def test_readmits_nobody_who_was_not_erased(self):
        assert receipts.readmit(by=None, actor="ada", now=NOW, name=Name(user_id=OTHER_ID)) == []


class TestBlocks:
    def test_end_with_the_person(self, acme):
        make_nadia(acme)
        erase(user_id=USER_ID)
        assert not BlockedUser.objects.exists()


class TestConflictsOfOthers:
    def test_that_name_the_person_go(self, acme):
        _visitor, nadia = make_nadia(acme)
        device, olaf = make_olaf(acme)
        values = {"integration": acme, "visitor": device, "first_seen_at": NOW, "last_seen_at": NOW}
        Conflict.objects.create(kind="shared_device", login_user=olaf, other_user=nadia, subject="several", **values)
        Conflict.objects.create(kind="junk_external_id", subject="junk_external_id|null", **values)
        erase(user_id=USER_ID)
        assert list(Conflict.objects.values_list("kind", flat=True)) == ["junk_external_id"]


class TestALostKey:
    def test_is_said_and_stores_whoever_comes(self, acme, monkeypatch, caplog):
        make_nadia(acme)
        erase(user_id=USER_ID)

        def lose(_sealed):
            raise keeping.ErasureKeyLost

        monkeypatch.setattr(keeping, "_open", lose)
        sight(acme)
        assert LoginUser.objects.exists()
        assert "erasure key cannot be opened" in caplog.text
        assert [message.id for message in check_erasure_key(databases=["default"])] == ["linking.W012"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
class TestTwoConnections:
    def run_beside(self, action):
        """Start `action` on a connection of its own and return its thread, and what tells that it waits for a lock."""
        failures = []

        def act():
            try:
                action()
            except Exception as error:  # noqa: BLE001
                failures.append(error)
            finally:
                connections.close_all()

        thread = threading.Thread(target=act)
        thread.start()
        return thread, failures

    def await_waiter(self):
        with connection.cursor() as cursor:
            for _ in range(100_000):
                cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
                if cursor.fetchone()[0]:
                    return
        raise AssertionError("nobody waited")

    def test_a_pass_that_read_before_the_erasure_stores_nothing_after_it(self, acme):
        make_nadia(acme)
        with transaction.atomic():
            erase(user_id=USER_ID)
            thread, failures = self.run_beside(lambda: read_chat(acme, {"id": VISITOR_ID, "email": EMAIL}))
            self.await_waiter()
        thread.join()
        assert (failures, Visitor.objects.count()) == ([], 0)

    def test_a_token_under_way_stores_nothing(self, acme):
        make_nadia(acme)
        with transaction.atomic():
            erase(user_id=USER_ID)
            thread, failures = self.run_beside(lambda: sight(acme))
            self.await_waiter()
        thread.join()
        assert (failures, LoginUser.objects.count()) == ([], 0)

    def test_an_erasure_waits_for_what_a_pass_is_storing(self, acme):
        with transaction.atomic():
            read_chat(acme, {"id": VISITOR_ID, "email": EMAIL})
            answer(acme, VISITOR_ID, external_id=USER_ID, email=EMAIL)
            thread, failures = self.run_beside(lambda: erase(user_id=USER_ID))
            self.await_waiter()
        thread.join()
        assert (failures, Visitor.objects.count(), LoginUser.objects.count()) == ([], 0, 0)
        assert ErasureReceipt.objects.count() == 1
