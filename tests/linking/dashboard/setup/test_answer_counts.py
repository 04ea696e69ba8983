from datetime import timedelta

import pytest
from django.utils import timezone

from linking.dashboard.setup import answer_counts as answers
from linking.models import AnswerCount, Integration
from linking.tokens import answer_counts
from linking.tokens.answer_counts import AnswerKey
from linking.tokens.refusals import REFUSALS, Reason
from tests.factories import ORIGIN, make_integration
from tests.linking.dashboard.reading import read

pytestmark = pytest.mark.django_db
PAGE = "/setup/acme/"


@pytest.fixture(autouse=True)
def acme(db):
    return make_integration()


def count(acme, *, reason="expired", code="00-01", origin=ORIGIN, number=1, is_observed=False, ago=timedelta()):
    at = (timezone.now() - ago).replace(minute=0, second=0, microsecond=0)
    AnswerCount.objects.create(
        integration=acme, hour_at=at, code=code, reason=reason, origin=origin, is_observed=is_observed, count=number,
        first_at=at,
    )  # fmt: skip


def table(browser):
    rows = read(browser.get(PAGE)).one(class_="answers").all("tr")[1:]
    return [[cell.text for cell in row.all("td")] for row in rows]


class TestAnswersOfTheDay:
    def test_none_yet(self, agent):
        assert "No page asked for a token in the last 24 hours." in read(agent.get(PAGE)).text

    def test_tell_what_was_given_refused_and_observed(self, agent, acme):
        count(acme, reason="issued", code="", number=1200)
        count(acme, number=30)
        count(acme, reason="origin", code="00-04", origin="https://new.example", is_observed=True, number=4)
        assert "1,200 issued, 30 refused · 4 issued in observe mode only" in read(agent.get(PAGE)).text
        assert table(agent) == [
            ["Token issued", ORIGIN, "1,200"],
            ["Refused 00-01 expired The token has expired. Send the player through Xsolla Login again.", ORIGIN, "30"],
            [f"Issued in observe mode only 00-04 origin {REFUSALS[Reason.ORIGIN].description}",
             "https://new.example (not listed)", "4"],
        ]  # fmt: skip

    def test_add_up_the_hours(self, agent, acme):
        for hours in (0, 1, 20):
            count(acme, ago=timedelta(hours=hours), number=2)
        assert table(agent)[0][2] == "6"

    def test_of_the_last_hour_leave_out_the_rest_of_the_day(self, agent, acme):
        count(acme, number=3)
        count(acme, ago=timedelta(hours=3), number=5)
        page = read(agent.get(PAGE, {"answers": "hour"}))
        assert "0 issued, 3 refused" in page.text
        assert page.one("nav", aria_label="Time shown").one("a", aria_current="true").text == "Last hour"
        assert page.one(id="answers").text.startswith("Answers since ")

    @pytest.mark.parametrize("word", ["", "week", "\x00"])
    def test_are_those_of_the_day_by_themselves(self, agent, acme, word):
        count(acme, ago=timedelta(hours=20), number=5)
        assert "0 issued, 5 refused" in read(agent.get(PAGE, {"answers": word})).text

    def test_are_one_step_away_for_the_last_hour(self, agent):
        link = read(agent.get(PAGE)).one("nav", aria_label="Time shown").all("a")[0]
        assert link.attributes["href"] == f"{PAGE}?answers=hour#answers"

    def test_leave_out_older_ones_and_those_of_others(self, agent, acme):
        count(acme, ago=timedelta(hours=26))
        count(make_integration(slug="other", login_project_id="other"))
        assert "No page asked for a token" in read(agent.get(PAGE)).text

    @pytest.mark.parametrize(
        ("origin", "words"),
        [
            ("", "no page: a server, or a page of zdbridge itself"),
            (answer_counts.OTHER, "all other pages"),
            ("https://evil.example", "https://evil.example (not listed)"),
        ],
    )
    def test_name_the_page(self, agent, acme, origin, words):
        count(acme, origin=origin)
        assert table(agent)[0][1] == words

    def test_show_a_hostile_origin_as_text(self, agent, acme):
        hostile = "<img src=x onerror=alert(1)>\u202e\x00" + "a" * 500
        kind = AnswerKey(acme.pk, "00-04", "origin", hostile)
        answer_counts.note(kind=kind, is_origin_listed=False, now=timezone.now().timestamp())
        answer_counts.flush()
        page = agent.get(PAGE).content.decode()
        assert "<img src=x" not in page
        assert "\u202e" not in page and "a" * 201 not in page
        assert "&lt;img src=x onerror=alert(1)&gt;" in page

    def test_show_a_reason_of_a_former_version(self, agent, acme):
        count(acme, reason="of_old")
        assert table(agent)[0][0] == "Refused 00-01 of_old"

    def test_leave_rare_kinds_out_and_say_so(self, agent, acme, monkeypatch):
        monkeypatch.setattr(answers, "ROWS_SHOWN", 2)
        for number in range(4):
            count(acme, origin=f"https://{number}.example", number=number + 1)
        assert "2 rarer answers are not shown." in read(agent.get(PAGE)).text
        assert len(table(agent)) == 2

    def test_of_observe_mode_say_that_the_first_reason_counts(self, agent, acme):
        Integration.objects.update(mode="observe")
        assert "counts only the first rule that a request breaks" in read(agent.get(PAGE)).text
