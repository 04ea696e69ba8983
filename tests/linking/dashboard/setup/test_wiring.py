from datetime import timedelta

import pytest
from django.utils import timezone

from linking.dashboard.setup.products import find_setup_words
from linking.dashboard.setup.snippet_files import fill
from linking.doctor.causes import CAUSES
from linking.models import AnswerCount, AuditEvent, ClockOffset, ZendeskProduct
from linking.tokens.refusals import REFUSALS, STATUSES, Reason
from tests.factories import LOGIN_SECRET_KEY, NOW, ZENDESK_SHARED_SECRET, login_jwt, make_integration
from tests.linking.dashboard.reading import read

pytestmark = pytest.mark.django_db
PAGE, DOCTOR = "/setup/acme/", "/setup/acme/doctor/"


@pytest.fixture(autouse=True)
def acme(db):
    return make_integration()


def answer_to(browser, text, **more):
    return read(browser.post(DOCTOR, {"text": text, "kind": "auto", **more}))


class TestDoctor:
    @pytest.mark.parametrize(
        ("who", "status"), [("admin", 200), ("lead", 200), ("agent", 200), ("developer", 200), ("outsider", 403)]
    )
    def test_is_for_every_group(self, sign_in, who, status):
        assert sign_in(who).post(DOCTOR, {"text": "x"}).status_code == status

    def test_nobody_is_sent_to_sign_in(self, client):
        assert client.post(DOCTOR, {"text": "x"}).status_code == 302

    def test_says_that_a_good_token_is_accepted(self, lead):
        assert (
            answer_to(lead, login_jwt()).one(id="diagnosis").text == "The token endpoint would accept this token now."
        )

    def test_says_first_what_is_wrong_and_what_to_do(self, lead):
        told = answer_to(lead, login_jwt(iss="https://login.xsolla.com/")).one(id="diagnosis").text
        assert told.startswith("This would be refused. The issuer ends with a slash. It must be exactly https://login")

    def test_says_how_much_more_is_wrong(self, lead):
        told = answer_to(lead, login_jwt(iss="https://login.xsolla.com/", sub="")).one(id="diagnosis").text
        assert told.endswith("One more rule is broken; see below.")

    def test_gives_a_word_and_a_symbol_for_every_rule(self, lead):
        lines = [line for part in answer_to(lead, "x").all(class_="verdicts") for line in part.all("li")]
        assert len(lines) > 20
        assert all(line.one(class_="state").text and line.all("svg") for line in lines)

    @pytest.mark.parametrize(
        "text", ["", "\x00", "<script>alert(1)</script>", "x" * 1_000_000, "\ud800".encode("utf-8", "replace")]
    )
    def test_answers_hostile_pastes(self, lead, text):
        assert answer_to(lead, text).one(id="diagnosis").text.startswith("This would be refused.")

    def test_does_not_show_the_paste_again(self, lead):
        text = login_jwt(sub="canary-user-id", iss="<b>canary</b>")
        page = lead.post(DOCTOR, {"text": text}).content.decode()
        assert not [one for one in (text, text.split(".")[1], "<b>canary", LOGIN_SECRET_KEY) if one in page]

    def test_shows_no_secret_that_was_pasted(self, lead):
        page = lead.post(DOCTOR, {"text": ZENDESK_SHARED_SECRET}).content.decode()
        assert ZENDESK_SHARED_SECRET not in page
        assert "a secret of an integration, zendesk_shared_secret" in page

    def test_takes_an_unknown_kind_as_automatic(self, lead):
        assert (
            answer_to(lead, login_jwt(), kind="nonsense")
            .one(id="diagnosis")
            .text.startswith("The token endpoint would")
        )

    def test_leads_back_when_it_is_opened_without_a_paste(self, lead):
        assert lead.get(DOCTOR)["Location"] == PAGE

    def test_is_kept_by_no_cache(self, lead):
        assert "no-store" in lead.post(DOCTOR, {"text": "x"})["Cache-Control"]

    def test_knows_no_other_integration(self, lead):
        assert lead.post("/setup/none/doctor/", {"text": "x"}).status_code == 404


class TestClock:
    @pytest.mark.parametrize("path", [PAGE, "/sync/"])
    def test_is_told_to_be_behind_where_tokens_say_so(self, agent, acme, path):
        ClockOffset.objects.create(integration=acme, slot_at=timezone.now(), ahead_s=95, count=4)
        told = read(agent.get(path)).text
        assert "This server's clock is about 95 s behind Login's: 4 tokens of the last hour were not valid yet" in told

    @pytest.mark.parametrize("path", [PAGE, "/sync/"])
    def test_is_left_alone_for_a_token_or_two(self, agent, acme, path):
        ClockOffset.objects.create(integration=acme, slot_at=timezone.now(), ahead_s=95, count=2)
        assert "behind Login" not in read(agent.get(path)).text

    def test_is_what_the_doctor_blames_then(self, lead, acme):
        ClockOffset.objects.create(integration=acme, slot_at=timezone.now(), ahead_s=95, count=4)
        token = login_jwt(iat=int(timezone.now().timestamp()) + 95)
        assert "like 4 refused tokens of the last hour" in answer_to(lead, token).one(id="diagnosis").text


class TestPreview:
    def test_is_silent_before_it_is_asked(self, agent):
        assert read(agent.get(PAGE)).all(class_="verdicts") == []

    def test_says_whether_browsers_send_the_cookie(self, agent):
        asked = {"page": "http://testserver/", "same_site": "Lax", "http_only": "on"}
        assert "Browsers will send the cookie." in read(agent.get(PAGE, asked)).text

    def test_warns_where_the_cookie_arrives_and_the_page_is_refused(self, agent):
        asked = {"page": "http://testserver:9100/", "same_site": "Lax", "http_only": "on"}
        told = read(agent.get(PAGE, asked)).one(class_="notice-warn").text
        assert told.startswith(
            "Browsers will send the cookie, but the endpoint will refuse this page. Add http://tests"
        )

    def test_says_first_why_no_cookie_is_sent(self, agent):
        asked = {"page": "https://shop.example/", "same_site": "None", "partitioned": "on"}
        told = read(agent.get(PAGE, asked)).one(class_="notice-bad").text
        assert told.startswith("Browsers will not send the cookie. Browsers drop the cookie: SameSite=None works only")

    def test_keeps_what_was_typed_in_the_address(self, agent):
        page = read(agent.get(PAGE, {"page": '"><script>x', "same_site": "None", "domain": "shop.example"}))
        assert page.one(id="page").attributes["value"] == '"><script>x'
        assert page.one(id="domain").attributes["value"] == "shop.example"

    def test_can_be_asked_about_a_host_that_zdbridge_will_have(self, agent):
        asked = {"page": "https://www.shop.example/", "domain": "shop.example", "same_site": "Lax", "secure": "on"}
        here = read(agent.get(PAGE, asked))
        there = read(agent.get(PAGE, asked | {"bridge": "https://chat.shop.example/generate/token/acme"}))
        assert "Browsers will not send the cookie." in here.text
        assert "Browsers will send the cookie" in there.text
        assert there.one(id="bridge").attributes["value"] == "https://chat.shop.example/generate/token/acme"

    @pytest.mark.parametrize("asked", [
        {"page": "https://x.example", "bridge": "\x00"}, {"page": "https://x.example", "bridge": "https://["},
        {"page": ""}, {"page": "\x00"}, {"page": "x" * 5000}, {"page": "https://[", "same_site": "Loose"},
        {"page": "https://x.example", "domain": "\u202e" * 300},
    ])  # fmt: skip
    def test_answers_hostile_addresses(self, agent, asked):
        assert agent.get(PAGE, asked).status_code == 200


class TestSnippets:
    @pytest.mark.parametrize(
        "name", [name for product in ZendeskProduct for name in find_setup_words(product).snippet_files]
    )
    def test_leave_no_word_unfilled(self, name):
        values = {"token_url": "https://b.example/t", "account_key": "key", "cookie_name": "token"}
        filled = fill(name=name, values=values)
        assert not [word for word in values if f"@{word}@" in filled]

    def test_quote_for_the_language(self):
        assert fill(name="curl.txt", values={"token_url": "a'; rm x"}).endswith("'a'\"'\"'; rm x'\n")
        assert '"\\u003c/script>\\""' in fill(name="fetch.js", values={"token_url": '</script>"'})


class TestChecklist:
    def test_tells_when_a_secret_was_set(self, agent):
        assert read(agent.get(PAGE)).all("li", class_="is-done")[0].one("relative-time").text.startswith("22 Nov 2026")

    def test_tells_when_the_origins_were_set(self, agent):
        step = read(agent.get(PAGE)).all("li", class_="is-done")[4]
        assert ("Pages with the widget" in step.text, step.all("relative-time")) == (True, [])
        change = {"actor": "x", "action": "integration.changed", "target": "acme"}
        AuditEvent.objects.create(at=NOW, fields=["name", "allowed_origins"], **change)
        AuditEvent.objects.create(at=NOW + timedelta(days=1), fields=["name"], **change)
        step = read(agent.get(PAGE)).all("li", class_="is-done")[4]
        assert step.one("relative-time").text.startswith("22 Nov 2026")


class TestReference:
    PAGE = "/setup/acme/codes/"

    def test_is_one_step_away_for_whoever_wires(self, agent):
        assert read(agent.get(PAGE)).one("a", href=self.PAGE).text == "Codes and reasons"
        assert agent.get(self.PAGE).status_code == 200

    @pytest.mark.parametrize("reason", list(Reason))
    def test_says_what_every_reason_means(self, agent, reason):
        assert REFUSALS[reason].description in read(agent.get(self.PAGE)).one(id=reason.value).text

    def test_groups_reasons_by_code_and_status(self, agent):
        groups = [group.text for group in read(agent.get(self.PAGE)).all(class_="of-code")]
        assert groups == [f"{code} HTTP {status}" for code, status in STATUSES.items()]

    def test_says_what_every_cause_means(self, agent):
        page = read(agent.get(self.PAGE))
        told = {name: page.one(id=f"cause-{name}").text for name in CAUSES}
        assert told == {name: f"{name} {text.problem} {text.fix}" for name, text in CAUSES.items()}

    def test_is_linked_from_a_refusal_that_was_counted(self, agent, acme):
        counted = {"code": "00-01", "reason": "expired", "origin": "", "count": 3}
        AnswerCount.objects.create(integration=acme, hour_at=timezone.now(), first_at=timezone.now(), **counted)
        assert read(agent.get(PAGE)).all("a", href=f"{self.PAGE}#expired")

    def test_keeps_the_lines_with_all_of_the_words(self, agent):
        page = read(agent.get(self.PAGE, {"q": "ISSUER slash"}))
        lines = [line.attributes.get("id") for line in page.one(class_="reference").all("div")]
        assert lines == ["cause-issuer_slash"]
        assert page.one(class_="filter").one("p").text == f"One of {len(REFUSALS) + len(CAUSES)} lines"

    @pytest.mark.parametrize(
        ("query", "wanted"), [("00-05", "address_limit"), ("429", "address_limit"), ("expired", "cause-expired")]
    )
    def test_finds_a_code_a_status_and_a_reason(self, agent, query, wanted):
        page = read(agent.get(self.PAGE, {"q": query}))
        assert any(line.attributes.get("id", "").startswith(wanted) for line in page.all("div"))

    def test_says_that_nothing_fits(self, agent):
        page = read(agent.get(self.PAGE, {"q": '"><script>'}))
        assert "No code, reason or cause has all of these words." in page.text
        assert page.one(id="filter").attributes["value"] == '"><script>'

    def test_is_of_an_integration_that_is_there(self, agent):
        assert agent.get("/setup/nowhere/codes/").status_code == 404
