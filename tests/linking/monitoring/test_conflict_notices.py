import json
from datetime import timedelta

import pytest
from django.core import mail

from linking.models import AlarmSettings, Conflict, ConflictDigest, ConflictFlag, ConflictNotice
from linking.monitoring import alarms, conflict_notices
from tests.factories import NOW, make_integration, make_visitor
from tests.linking.scripted_server import answer, scripted

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=10)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def by_mail():
    return AlarmSettings.objects.create(
        pk=1, conflicts_every="hour", conflicts_mail_to="lead@shop.example, bo@shop.example",
        mail_from="zdbridge@shop.example", dashboard_url="https://support.shop.example",
    )  # fmt: skip


@pytest.fixture
def find():
    """Return a function that finds so many conflicts at a time, and starts watching before."""
    visitor = make_visitor(integration=make_integration(), name="Nadia", email="nadia@player.example")
    conflict_notices.watch(now=NOW)

    def found(number=1, *, at=NOW + MINUTE, **changes):
        first = Conflict.objects.count()
        values = {"integration": visitor.integration, "kind": "relinked", "visitor": visitor, "first_seen_at": at,
                  "last_seen_at": at}  # fmt: skip
        rows = [Conflict(**(values | {"subject": f"{first + place}|"} | changes)) for place in range(number)]
        return Conflict.objects.bulk_create(rows)

    return found


def send_all(now):
    for key in conflict_notices.list_due(now=now):
        conflict_notices.send(notice_id=key, allow_loopback=True, now=now)


def tell(now):
    conflict_notices.watch(now=now)
    send_all(now)


class TestWatch:
    def test_is_off_by_default(self, find):
        find()
        tell(LATER)
        assert (ConflictDigest.objects.count(), mail.outbox) == (0, [])

    @pytest.mark.parametrize("changes", [
        {"conflicts_every": "never"},
        {"conflicts_mail_to": ""},
        {"conflicts_mail_to": "", "conflicts_by_webhook": True},
    ])  # fmt: skip
    def test_makes_nothing_without_a_way_to_tell(self, by_mail, find, changes):
        AlarmSettings.objects.update(**changes)
        find()
        tell(LATER)
        assert not ConflictNotice.objects.exists()

    def test_tells_nothing_while_nothing_is_new(self, by_mail, find):
        tell(LATER)
        tell(LATER + DAY)
        assert mail.outbox == []

    def test_tells_nothing_of_what_was_there_before_it_was_switched_on(self, by_mail, find):
        find(at=NOW - HOUR)
        tell(LATER)
        assert mail.outbox == []

    def test_tells_nothing_of_what_is_decided_by_then(self, by_mail, find):
        find(state="decided", decision="ignore", decided_at=NOW)
        tell(LATER)
        assert mail.outbox == []

    def test_waits_until_what_one_sync_finds_is_stored(self, by_mail, find):
        find(at=NOW + MINUTE)
        tell(NOW + 5 * MINUTE)
        assert mail.outbox == []
        tell(NOW + 6 * MINUTE)
        assert len(mail.outbox) == 1

    def test_tells_of_each_conflict_once(self, by_mail, find):
        find()
        tell(LATER)
        tell(LATER + DAY)
        assert len(mail.outbox) == 1

    @pytest.mark.parametrize(("every", "pause"), [("hour", HOUR), ("day", DAY)])
    def test_tells_no_oftener_than_was_chosen(self, by_mail, find, every, pause):
        AlarmSettings.objects.update(conflicts_every=every)
        find()
        tell(LATER)
        find(at=LATER)
        tell(LATER + pause - MINUTE)
        assert len(mail.outbox) == 1
        tell(LATER + pause)
        assert len(mail.outbox) == 2

    def test_begins_anew_after_it_was_off(self, by_mail, find):
        AlarmSettings.objects.update(conflicts_every="never")
        conflict_notices.watch(now=LATER)
        find(at=LATER)
        AlarmSettings.objects.update(conflicts_every="hour")
        tell(LATER + HOUR)
        tell(LATER + 2 * HOUR)
        assert mail.outbox == []

    def test_of_two_schedulers_makes_one_notice(self, by_mail, find, monkeypatch):
        find()
        count_new = conflict_notices._count_new

        def count_while_the_other_one_is_faster(**given):
            monkeypatch.setattr(conflict_notices, "_count_new", count_new)
            conflict_notices.watch(now=LATER)
            return count_new(**given)

        monkeypatch.setattr(conflict_notices, "_count_new", count_while_the_other_one_is_faster)
        conflict_notices.watch(now=LATER)
        assert ConflictNotice.objects.count() == 1

    def test_tells_of_flags_too(self, by_mail, find):
        flagged = find(at=NOW - HOUR)[0]
        ConflictFlag.objects.create(conflict=flagged, by_name="anna", reason="Nadia asks", at=NOW + MINUTE)
        tell(LATER)
        assert mail.outbox[0].subject == "zdbridge: 1 flagged conflict"
        assert "1 conflict was flagged for a lead." in mail.outbox[0].body

    def test_forgets_old_notices(self, by_mail, find):
        ConflictNotice.objects.create(channel="mail", counts={}, made_at=NOW - 31 * DAY)
        find()
        tell(LATER)
        assert [row.made_at for row in ConflictNotice.objects.all()] == [LATER]

    @pytest.mark.usefixtures("by_mail")
    def test_costs_the_same_for_many(self, find, django_assert_max_num_queries):
        find(30)
        with django_assert_max_num_queries(10):
            conflict_notices.watch(now=LATER)
        with django_assert_max_num_queries(2):
            conflict_notices.watch(now=LATER + MINUTE)

    @pytest.mark.usefixtures("by_mail")
    def test_counts_no_further_than_a_thousand(self, find):
        find(1100)
        tell(LATER)
        assert mail.outbox[0].subject == "zdbridge: 1,000+ new conflicts"


class TestMail:
    def test_holds_numbers_and_the_link_and_nobodys_data(self, by_mail, find):
        find(2)
        find(1, kind="junk_external_id", subject="junk|nadia@player.example")
        tell(LATER)
        assert [message.to for message in mail.outbox] == [["lead@shop.example", "bo@shop.example"]]
        assert mail.outbox[0].subject == "zdbridge: 3 new conflicts"
        assert mail.outbox[0].body.splitlines() == [
            "3 new conflicts wait for a decision.",
            "Acme Games, Invalid user ID from the website: 1",
            "Acme Games, Visitor signed in as another player: 2",
            "3 conflicts are open in all.",
            "",
            "https://support.shop.example/conflicts/",
        ]

    def test_is_tried_again_like_an_alarm(self, by_mail, find, settings):
        settings.EMAIL_BACKEND = "linking.accounts.mail.NoMailServer"
        find()
        tell(LATER)
        row = ConflictNotice.objects.get()
        assert (row.attempts, row.next_try_at, row.sent_at) == (1, LATER + MINUTE, None)
        assert row.failure.startswith("No mail server is set.")
        settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
        send_all(LATER + MINUTE)
        row.refresh_from_db()
        assert (row.sent_at, row.next_try_at, len(mail.outbox)) == (LATER + MINUTE, None, 1)

    def test_is_given_up_after_twelve_tries(self, by_mail, find, settings):
        settings.EMAIL_BACKEND = "linking.accounts.mail.NoMailServer"
        find()
        conflict_notices.watch(now=LATER)
        for number in range(alarms.TRIES + 3):
            send_all(LATER + number * DAY)
        row = ConflictNotice.objects.get()
        assert (row.attempts, row.next_try_at) == (alarms.TRIES, None)

    def test_is_not_sent_twice_by_two_workers(self, by_mail, find):
        find()
        conflict_notices.watch(now=LATER)
        key = conflict_notices.list_due(now=LATER)[0]
        for _worker in range(2):
            conflict_notices.send(notice_id=key, allow_loopback=True, now=LATER)
        assert len(mail.outbox) == 1

    def test_is_not_sent_once_notices_are_off(self, by_mail, find):
        find()
        conflict_notices.watch(now=LATER)
        AlarmSettings.objects.update(conflicts_every="never")
        send_all(LATER)
        assert (mail.outbox, ConflictNotice.objects.get().next_try_at) == ([], None)


class TestWebhook:
    def test_gets_numbers_as_json(self, by_mail, find):
        find(2)
        with scripted(answer(b"ok")) as server:
            row = AlarmSettings.objects.get()
            alarms.keep_webhook(settings=row, url=f"{server.url}/hook")
            row.conflicts_mail_to, row.conflicts_by_webhook = "", True
            row.save()
            tell(LATER)
        sent = json.loads(server.heads[0].partition("\r\n\r\n")[2])
        assert (sent["event"], sent["new"], sent["flagged"], sent["open"]) == ("new_conflicts", 2, 0, 2)
        assert sent["kinds"] == [{"integration": "acme", "kind": "relinked", "number": 2}]
        assert sent["text"].startswith("2 new conflicts wait for a decision.")
        assert "Nadia" not in server.heads[0]
