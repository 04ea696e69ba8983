"""The Celery edge: what a tick pokes and what a task calls."""

from datetime import timedelta

import pytest
from django.utils import timezone

from linking import queue, tasks
from linking.models import Heartbeat, IntegrationDraft, RefusedToken, TokenDay, VisitorQuestion
from linking.notes import labels, player_labels
from linking.sync import refresh, run, unknown_visitors
from linking.sync.store import questions
from tests.factories import make_integration, make_login_user, make_visitor

pytestmark = pytest.mark.django_db


@pytest.fixture
def queued(monkeypatch):
    found = []
    monkeypatch.setattr(queue, "put", lambda **arguments: found.append(arguments))
    return found


class TestTick:
    def test_queues_what_is_due(self, queued):
        acme = make_integration()
        tasks.tick()
        assert queued == [{"task": "linking.tasks.sync_integration", "integration_id": acme.pk}]

    def test_does_not_queue_it_again(self, queued):
        make_integration()
        tasks.tick()
        tasks.tick()
        assert len(queued) == 1

    def test_says_that_the_queue_moves_and_nothing_of_the_roles(self, queued):
        tasks.tick()
        assert set(Heartbeat.objects.values_list("name", flat=True)) == {"tick"}


class TestTasks:
    def test_a_pass_is_short_of_patience(self, monkeypatch):
        called = {}
        monkeypatch.setattr(run, "run_pass", lambda **options: called.update(options))
        acme = make_integration()
        tasks.sync_integration(acme.pk)
        assert (called["integration_id"], called["patience"].longest_wait_s, called["patience"].deadline_s) == (
            acme.pk,
            2,
            200,
        )

    @pytest.mark.parametrize("off", [{"enabled": False}, {"sync_enabled": False}, {"blocked_reason": "credentials"}])
    def test_a_pass_that_is_wanted_no_more_does_not_run(self, monkeypatch, off):
        monkeypatch.setattr(run, "run_pass", lambda **_options: pytest.fail("it ran"))
        tasks.sync_integration(make_integration(**off).pk)

    def test_a_visitor_is_read_again(self, monkeypatch):
        called = {}
        monkeypatch.setattr(refresh, "refresh_visitor", lambda **options: called.update(options))
        tasks.refresh_visitor(make_visitor(integration=make_integration()).pk)
        assert called["visitor_pk"] > 0

    def test_questions_that_wait_are_put(self, monkeypatch):
        asked = []
        monkeypatch.setattr(unknown_visitors, "answer_question", lambda **options: asked.append(options["question_pk"]))
        now = tasks.CLOCK.now()
        questions.queue_now(integration_id=make_integration().pk, visitor_id="7.a", reason="busy", now=now)
        tasks.answer_questions()
        assert asked == [VisitorQuestion.objects.get().pk]

    def test_a_worker_that_ends_lets_its_pass_end(self, monkeypatch):
        monkeypatch.setattr(tasks, "_shutting_down", bytearray(1))
        tasks.note_shutdown()
        assert tasks.is_shutting_down()

    def test_a_forked_child_that_is_told_to_end_leaves_in_order(self, monkeypatch):
        handlers = {}
        monkeypatch.setattr(tasks.signal, "signal", handlers.__setitem__)
        tasks.exit_on_sigterm()
        with pytest.raises(SystemExit):
            handlers[tasks.signal.SIGTERM](15, None)

    @pytest.mark.parametrize("name", ["tick", "sync_integration", "refresh_visitor", "answer_questions"])
    def test_have_the_names_the_schedule_uses(self, name):
        assert getattr(tasks, name).name == f"linking.tasks.{name}"


class TestCountAndPrune:
    def test_drops_refusals_that_were_kept_for_long_enough(self, settings):
        settings.LINKING = settings.LINKING | {"KEEP_REFUSALS_DAYS": 14}
        acme, now = make_integration(), timezone.now()
        for days in (1, 15):
            RefusedToken.objects.create(integration=acme, user_id="u", at=now - timedelta(days=days), reason="expired")
        tasks.count_and_prune()
        assert RefusedToken.objects.count() == 1


class TestTokenDays:
    def test_are_pruned_with_the_counts(self):
        now = timezone.now()
        for days in (1, 31):
            user = make_login_user(integration=make_integration(slug=f"in-{days}"), user_id="u")
            at = now - timedelta(days=days)
            TokenDay.objects.create(login_user=user, day=at.date(), tokens=1, last_at=at)
        tasks.count_and_prune()
        assert [day.login_user.integration.slug for day in TokenDay.objects.all()] == ["in-1"]


class TestLabels:
    def test_reach_a_namesake_who_came_later(self, django_user_model):
        by = django_user_model.objects.create_user("ada")
        player = make_login_user(integration=make_integration(), user_id="u")
        label = labels.add_label(name="VIP", colour="violet", by=by, now=timezone.now())
        player_labels.put_label(player=player, label_key=label.pk, by=by, now=timezone.now())
        later = make_login_user(integration=make_integration(slug="west", secrets={}), user_id="u")
        tasks.count_and_prune()
        assert player_labels.find_labels(player_keys=[later.pk])


class TestDrafts:
    def test_are_deleted_seven_days_after_their_last_change(self, django_user_model):
        owner = django_user_model.objects.create_user("ada")
        now = timezone.now()
        for purpose, age in (("guide", timedelta(days=7, minutes=1)), ("form", timedelta(days=6))):
            IntegrationDraft.objects.create(owner=owner, purpose=purpose, touched_at=now - age)
        tasks.count_and_prune()
        assert [draft.purpose for draft in IntegrationDraft.objects.all()] == ["form"]
