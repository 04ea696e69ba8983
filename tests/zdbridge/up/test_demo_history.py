import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import User

from linking.core.trust import Trust
from linking.models import AnswerCount, Conflict, Integration, Label, LoginUser, PlayerNote, RunState, SyncRun
from linking.notes import player_labels
from linking.search import find
from linking.tokens.refusals import REFUSALS
from sandbox.world.cast import LINKED, build_user_id
from tests.factories import LOGIN_PROJECT_ID, make_integration, make_link, make_visitor
from zdbridge.up import demo, demo_history, demo_leftovers

SANDBOX = Path(__file__).resolve().parents[3] / "sandbox"
NOW = datetime(2026, 11, 30, 14, 20, tzinfo=UTC)
HISTORY = json.loads((SANDBOX / demo_history.FILE).read_text())
pytestmark = pytest.mark.django_db


def make_history(now: datetime = NOW) -> bool:
    return demo_history.make_history(folder=SANDBOX, login_project_id=demo.read_login_project_id(SANDBOX), now=now)


@pytest.fixture
def integration(settings, tmp_path: Path) -> Integration:
    settings.LINKING = {**settings.LINKING, "ALLOW_LOOPBACK": True}
    demo.make_people(data_dir=tmp_path)
    demo.make_integrations(folder=SANDBOX, sandbox_port=9100, data_dir=tmp_path)
    return Integration.objects.get(slug="demo")


@pytest.fixture
def past(integration) -> Integration:
    assert make_history()
    return integration


class TestFile:
    def test_names_players_as_the_sandbox_does(self) -> None:
        cast = {build_user_id(place): person for place, person in enumerate(LINKED)}
        told = {row["user_id"]: (row["name"], row["email"]) for row in HISTORY["players"]}
        assert {user_id: cast[user_id] for user_id in told if user_id in cast} == {
            user_id: person for user_id, person in told.items() if user_id in cast
        }
        assert len(set(told) & set(cast)) == 14

    def test_has_one_player_with_the_address_of_another_persons_visitor(self) -> None:
        (stranger,) = [
            row for row in HISTORY["players"] if row["user_id"] not in map(build_user_id, range(len(LINKED)))
        ]
        owner = next(build_user_id(place) for place, person in enumerate(LINKED) if person[1] == stranger["email"])
        assert owner not in [row["user_id"] for row in HISTORY["players"]]

    def test_gives_reasons_that_the_product_knows(self) -> None:
        answers = HISTORY["answers"]
        told = {(row["code"], row["reason"]) for row in (*answers["refused"], *answers["bad_hour"])}
        assert told <= {(str(refusal.code), str(reason)) for reason, refusal in REFUSALS.items()}


class TestMakeHistory:
    def test_proves_players_before_their_visitors_are_read(self, past) -> None:
        mira = LoginUser.objects.get(user_id=build_user_id(0))
        make_link(visitor=make_visitor(integration=past), login_user=mira, first_seen_at=NOW, last_confirmed_at=NOW)
        found = find.find_login_user(user_id=mira.user_id)
        assert (found.trust, found.name) == (Trust.PROVEN, "Mira Okafor")

    def test_leaves_notes_and_labels(self, past) -> None:
        mira = LoginUser.objects.get(user_id=build_user_id(0))
        assert [label.name for label in player_labels.find_labels(player_keys=[mira.pk])[mira.pk]] == ["VIP"]
        assert [note.author_name for note in PlayerNote.objects.filter(login_user=mira)] == ["agent", "lead"]
        assert all(note.written_at < NOW for note in PlayerNote.objects.all())

    def test_has_a_day_of_answers_with_one_bad_hour(self, past) -> None:
        refused = AnswerCount.objects.exclude(code="")
        by_hour: dict[datetime, int] = {}
        for row in refused:
            by_hour[row.hour_at] = by_hour.get(row.hour_at, 0) + row.count
        assert len(by_hour) == demo_history.HOURS_OF_ANSWERS
        worst = max(by_hour, key=lambda hour_at: by_hour[hour_at])
        assert NOW - timedelta(hours=8) < worst < NOW - timedelta(hours=5)
        assert by_hour[worst] > 10 * min(by_hour.values())

    def test_has_one_sync_that_stopped_and_none_that_runs(self, past) -> None:
        stopped = SyncRun.objects.filter(state=RunState.STOPPED)
        assert stopped.get().stop_status == 503
        assert SyncRun.objects.filter(state=RunState.COMPLETE).count() > 40
        assert not SyncRun.objects.filter(touched_at__gt=NOW).exists()

    def test_is_written_once(self, past) -> None:
        assert not make_history(NOW + timedelta(days=1))
        assert LoginUser.objects.count() == len(HISTORY["players"])

    def test_leaves_an_integration_alone_that_has_a_past(self, integration) -> None:
        AnswerCount.objects.create(integration=integration, hour_at=NOW, reason="issued", first_at=NOW, count=1)
        assert not make_history()
        assert not LoginUser.objects.exists()

    def test_leaves_an_integration_of_that_name_alone_that_is_not_the_demos(self) -> None:
        make_integration(slug="demo", login_project_id="00000000-0000-4000-8000-000000000000")
        assert not make_history()
        assert not LoginUser.objects.exists()

    def test_adds_no_labels_beside_those_of_the_house(self, integration) -> None:
        Label.objects.create(name="Ours", low_name="ours", colour="grey", place=1)
        make_history()
        assert [label.name for label in Label.objects.all()] == ["Ours"]

    def test_writes_no_notes_of_people_who_are_not_there(self, integration) -> None:
        User.objects.all().delete()
        make_history()
        assert not PlayerNote.objects.exists()

    def test_makes_no_conflict_by_itself(self, past) -> None:
        assert not Conflict.objects.exists()


class TestTokenDays:
    def test_add_up_to_the_tokens_of_each_player(self, past) -> None:
        for player in LoginUser.objects.exclude(tokens_issued=0):
            days = list(player.token_days.order_by("day"))
            assert sum(day.tokens for day in days) == player.tokens_issued
            assert days[-1].last_at == player.last_authenticated_at


class TestPurge:
    def purge(self, tmp_path: Path) -> list[str]:
        found = demo_leftovers.find_leftovers(data_dir=tmp_path, folder=SANDBOX)
        return demo_leftovers.purge(leftovers=found, data_dir=tmp_path, folder=SANDBOX, now=NOW)

    def test_leaves_nothing_of_it(self, past, tmp_path) -> None:
        self.purge(tmp_path)
        for table in (LoginUser, PlayerNote, Label, AnswerCount, SyncRun, User):
            assert not table.objects.exists(), table

    def test_keeps_a_label_that_another_player_carries(self, past, tmp_path) -> None:
        acme = make_integration()
        player = LoginUser.objects.create(integration=acme, user_id="u-1")
        player.player_labels.create(label=Label.objects.get(name="VIP"))
        self.purge(tmp_path)
        assert [label.name for label in Label.objects.all()] == ["VIP"]

    def test_keeps_a_label_that_only_looks_like_one(self, past, tmp_path) -> None:
        Label.objects.filter(name="VIP").update(colour="grey")
        self.purge(tmp_path)
        assert [label.name for label in Label.objects.all()] == ["VIP"]

    def test_touches_no_label_where_there_was_no_demo(self, tmp_path) -> None:
        Label.objects.create(name="VIP", low_name="vip", colour="violet", place=1)
        make_integration(login_project_id=LOGIN_PROJECT_ID)
        self.purge(tmp_path)
        assert Label.objects.exists()
