"""What has been kept for long enough goes, in batches and by an index, and nothing else."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db import connection, transaction

from linking.models import (
    AuditEvent,
    Heartbeat,
    Incident,
    LoginUser,
    PlayerNote,
    Quarantined,
    RefusedToken,
    SyncRun,
    Visitor,
    VisitorLink,
)
from linking.privacy import retention
from tests.factories import NOW, make_chat, make_integration, make_link, make_login_user, make_run, make_visitor

pytestmark = pytest.mark.django_db
FOR_EVER = {rule.setting: None for rule in retention.RULES if rule.setting}


def ago(days):
    return NOW - timedelta(days=days)


def prune(**days):
    return retention.prune(days=FOR_EVER | days, now=NOW)


@pytest.fixture
def acme():
    return make_integration()


def see(acme, token, *, days, **changes):
    return make_visitor(
        integration=acme, visitor_id=f"7.{token}", first_seen_at=ago(days), last_seen_at=ago(days), **changes
    )


class TestVisitors:
    def test_not_seen_go_with_everything_of_theirs(self, acme):
        old = see(acme, "old", days=400)
        make_link(visitor=old, login_user=make_login_user(integration=acme, user_id="claimed"))
        make_chat(visitor=old)
        see(acme, "new", days=10)
        assert prune(KEEP_VISITORS_DAYS=365) == ({"visitors not seen": 1}, True)
        assert list(Visitor.objects.values_list("visitor_id", flat=True)) == ["7.new"]
        assert not LoginUser.objects.exists()

    def test_leave_a_player_who_has_another_one_or_got_a_token(self, acme):
        both = make_login_user(integration=acme, user_id="both")
        values = {"first_authenticated_at": ago(3), "last_authenticated_at": ago(3), "tokens_issued": 1}
        proven = make_login_user(integration=acme, user_id="proven", **values)
        for name, days, user in (("old", 400, both), ("new", 10, both), ("older", 401, proven)):
            make_link(visitor=see(acme, name, days=days), login_user=user)
        prune(KEEP_VISITORS_DAYS=365)
        assert set(LoginUser.objects.values_list("user_id", flat=True)) == {"both", "proven"}

    def test_players_without_a_visitor_go_by_their_last_token(self, acme):
        for name, days in (("old", 400), ("new", 4)):
            at = {"first_authenticated_at": ago(500), "last_authenticated_at": ago(days), "tokens_issued": 1}
            make_login_user(integration=acme, user_id=name, **at)
        assert prune(KEEP_VISITORS_DAYS=365)[0] == {"players not seen": 1}
        assert LoginUser.objects.get().user_id == "new"


class TestGone:
    def test_are_blanked_after_a_while_and_only_once(self, acme):
        contact = {"name": "Nadia", "email": "n@player.example", "phone": "+49", "notes": "x", "external_id": "u"}
        for name, days in (("old", 40), ("new", 4)):
            see(acme, name, days=50, state="gone", gone_at=ago(days), **contact)
        assert prune(BLANK_GONE_DAYS=30)[0] == {"gone visitors blanked": 1}
        assert prune(BLANK_GONE_DAYS=30)[0] == {}
        row = Visitor.objects.get(visitor_id="7.old")
        assert (row.name, row.email, row.phone, row.notes, row.external_id) == ("", "", "", "", "")
        assert Visitor.objects.get(visitor_id="7.new").name == "Nadia"


class TestLinks:
    def test_that_ended_go_and_open_ones_stay(self, acme):
        user, visitor = make_login_user(integration=acme), see(acme, "a", days=1)
        times = {"first_seen_at": ago(500), "last_confirmed_at": ago(450)}
        make_link(visitor=visitor, login_user=user, ended_at=ago(400), end_reason="cleared", **times)
        make_link(visitor=visitor, login_user=user, ended_at=ago(4), end_reason="cleared", **times)
        make_link(visitor=visitor, login_user=user, **times)
        assert prune(KEEP_LINKS_DAYS=365)[0] == {"links that ended": 1}
        assert VisitorLink.objects.count() == 2


class TestRuns:
    def test_keep_the_newest_however_old_and_those_within_the_time(self, acme, monkeypatch):
        monkeypatch.setattr(retention, "RUNS_KEPT", 2)
        runs = [make_run(integration=acme, started_at=ago(days)) for days in (90, 80, 70, 1)]
        other = make_run(integration=make_integration(slug="other"), started_at=ago(90))
        assert prune(KEEP_RUNS_DAYS=30)[0] == {"syncs": 2}
        assert set(SyncRun.objects.values_list("pk", flat=True)) == {runs[2].pk, runs[3].pk, other.pk}

    def test_leave_the_links_that_they_are_the_evidence_of(self, acme, monkeypatch):
        monkeypatch.setattr(retention, "RUNS_KEPT", 1)
        monkeypatch.setattr(retention, "BATCH", 2)
        old = make_run(integration=acme, started_at=ago(90))
        make_run(integration=acme)
        for number in range(5):
            user = make_login_user(integration=acme, user_id=f"u{number}")
            make_link(visitor=see(acme, f"v{number}", days=1), login_user=user, evidence_run=old)
        prune(KEEP_RUNS_DAYS=30)
        assert (VisitorLink.objects.filter(evidence_run=None).count(), SyncRun.objects.count()) == (5, 1)


class TestTheRest:
    def test_goes_by_its_own_days(self, acme):
        player = make_login_user(integration=acme)
        values = {"integration": acme, "source": "chat", "reason": "odd", "raw": "{}", "first_seen_at": ago(400)}
        for days in (400, 1):
            note = {"author_name": "lead", "text": "x", "plain": "x", "contact": ""}
            PlayerNote.objects.create(login_user=player, written_at=ago(days), **note)
            RefusedToken.objects.create(integration=acme, user_id="u", at=ago(days), reason="expired")
            Quarantined.objects.create(record_key=f"k{days}", last_seen_at=ago(days), **values)
            AuditEvent.objects.create(at=ago(days), actor="ada", action="set_alarm", target="x")
            AuditEvent.objects.create(at=ago(days), actor="ada", action="person.signed_in", target="ada")
            Incident.objects.create(integration=acme, kind="stale", began_at=ago(500), over_at=ago(days))
            Session.objects.create(session_key=f"s{days}", expire_date=ago(days) + timedelta(days=2))
        done, is_all = prune(
            KEEP_NOTES_DAYS=30,
            KEEP_REFUSALS_DAYS=14,
            KEEP_UNREADABLE_DAYS=90,
            KEEP_AUDIT_DAYS=365,
            KEEP_SIGN_INS_DAYS=90,
        )
        assert done == {
            "notes": 1, "refused tokens": 1, "unreadable records": 1, "sign-ins": 1, "audit": 1, "incidents": 1,
            "expired sessions": 1,
        }  # fmt: skip
        assert is_all
        for model in (PlayerNote, RefusedToken, Quarantined, Incident, Session):
            assert model.objects.count() == 1

    def test_is_kept_for_ever_without_a_limit(self, acme):
        see(acme, "old", days=4_000)
        RefusedToken.objects.create(integration=acme, user_id="u", at=ago(4_000), reason="expired")
        assert prune() == ({}, True)


class TestPrune:
    def test_goes_on_where_its_time_was_up(self, acme, monkeypatch):
        monkeypatch.setattr(retention, "BATCH", 2)
        for number in range(5):
            see(acme, f"v{number}", days=400)
        turns = iter([True, False])
        days = FOR_EVER | {"KEEP_VISITORS_DAYS": 365}
        done = retention.prune_daily(days=days, now=NOW, go_on=lambda: next(turns))
        assert (done, Visitor.objects.count()) == ({"visitors not seen": 0} | {"visitors not seen": 2}, 3)
        assert not Heartbeat.objects.filter(name="prune").exists()
        retention.prune_daily(days=days, now=NOW, go_on=lambda: True)
        assert not Visitor.objects.exists()

    def test_is_done_once_a_day(self):
        assert retention.prune_daily(days=FOR_EVER, now=NOW, go_on=lambda: True) == {}
        assert retention.prune_daily(days=FOR_EVER, now=NOW + timedelta(hours=23), go_on=lambda: True) is None
        assert retention.prune_daily(days=FOR_EVER, now=NOW + timedelta(hours=25), go_on=lambda: True) == {}

    def test_is_done_after_the_clock_was_set_back(self):
        retention.prune_daily(days=FOR_EVER, now=NOW, go_on=lambda: True)
        assert retention.prune_daily(days=FOR_EVER, now=NOW - timedelta(days=9), go_on=lambda: True) == {}

    def test_counts_the_same_without_changing_anything(self, acme):
        see(acme, "old", days=400)
        assert retention.count_due(days=FOR_EVER | {"KEEP_VISITORS_DAYS": 365}, now=NOW) == {"visitors not seen": 1}
        assert Visitor.objects.exists()


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite names its plans in another way")
class TestPlans:
    @pytest.mark.parametrize(
        "rule", [rule for rule in retention.RULES if rule.name not in ("incidents", "log of the admin")],
        ids=lambda rule: rule.name.replace(" ", "_"),
    )  # fmt: skip
    def test_find_by_an_index(self, acme, rule, monkeypatch):
        monkeypatch.setattr(retention, "RUNS_KEPT", 1)
        make_run(integration=acme)
        with transaction.atomic(), connection.cursor() as cursor:
            # Of empty tables PostgreSQL would rather read the one page than an index.
            cursor.execute("SET LOCAL enable_seqscan = off")
            plan = rule.find(ago(30)).values_list("pk")[:1000].explain()
        assert "Seq Scan" not in plan.replace("Seq Scan on linking_integration", ""), plan
