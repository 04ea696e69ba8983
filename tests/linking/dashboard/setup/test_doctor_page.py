"""The doctor's answer on the page: whose token it is, how long it lives, what holds and what does not."""

import pytest

from tests.factories import login_jwt, make_integration
from tests.linking.conftest import make_person
from tests.linking.dashboard.reading import read

pytestmark = pytest.mark.django_db
DOCTOR = "/setup/acme/doctor/"
NADIA = {"sub": "3f0d2c54-7a1e-4c7b-9a55-0e6b6f1d9c01", "email": "nadia@player.example", "username": "nadia"}


@pytest.fixture(autouse=True)
def acme(db):
    return make_integration()


@pytest.fixture
def clock(time_machine):
    time_machine.move_to(1_800_000_000, tick=False)
    return 1_800_000_000


def diagnose(browser, text):
    return read(browser.post(DOCTOR, {"text": text, "kind": "auto"})).one("section", aria_labelledby="doctor")


def facts(panel):
    return {row.one("dt").text: row.one("dd").text for row in panel.one(class_="token-facts").all("div")}


class TestFolding:
    def test_counts_the_rules_that_hold(self, lead):
        folds = [fold.text for fold in diagnose(lead, login_jwt(**NADIA)).all("summary")]
        assert folds[0].endswith(" rules hold")
        assert int(folds[0].split()[0]) > 20

    def test_opens_to_the_rules_that_hold(self, lead):
        fold = diagnose(lead, login_jwt(**NADIA)).all("details")[0]
        assert len(fold.all("li")) == int(fold.one("summary").text.split()[0])

    def test_shows_what_is_wrong_without_opening(self, lead):
        panel = diagnose(lead, login_jwt(iss="https://login.xsolla.com/"))
        (line,) = panel.all("ol")[0].all("li")
        assert line.text.startswith("Wrong Issuer https://login.xsolla.com/ The issuer ends with a slash.")

    def test_says_how_many_were_not_checked(self, lead):
        assert "rules were not checked" in diagnose(lead, "x").text

    def test_shows_values_beside_their_rules(self, clock, lead):
        fold = diagnose(lead, login_jwt(**NADIA, iat=clock - 60, exp=clock + 86_340)).all("details")[0]
        lines = [line.text for line in fold.all("li")]
        assert f"Good exp {clock + 86_340} (16 Jan 2027, 07:59 UTC, in 23 h 59 min)" in lines
        assert f"Good iat {clock - 60} (15 Jan 2027, 07:59 UTC, 1 min 0 s ago)" in lines

    def test_says_which_claims_are_not_there(self, lead):
        lines = [line.text for line in diagnose(lead, login_jwt(**NADIA)).all("details")[0].all("li")]
        assert "Good nbf not in the token" in lines


class TestFacts:
    def test_say_whose_token_it_is_and_how_long_it_lives(self, clock, lead):
        assert facts(diagnose(lead, login_jwt(**NADIA, exp=clock + 86_340))) == {
            "User ID": NADIA["sub"],
            "Name": "nadia",
            "E-mail address": "nadia@player.example",
            "Login project": "b7a1d0e2-5c3f-4e0a-8b7d-2f9c1a6e4d10",
            "Lifetime": "Expires in 23 h 59 min",
        }

    def test_say_how_long_ago_it_expired(self, clock, lead):
        assert facts(diagnose(lead, login_jwt(exp=clock - 7_500)))["Lifetime"] == "Expired 2 h 5 min ago"

    def test_of_a_forged_token_say_that_nobody_vouches(self, lead):
        panel = diagnose(lead, login_jwt(secret="another-secret-than-ours-000000000"))
        assert "Nobody vouches for this" in panel.text

    def test_of_a_signed_token_say_no_such_thing(self, lead):
        assert "Nobody vouches for this" not in diagnose(lead, login_jwt()).text

    @pytest.mark.parametrize("groups", [["developers"], ["agents"], ["agents", "developers"]])
    def test_are_masked_for_groups_that_see_no_contact(self, client, groups):
        client.force_login(make_person("ada", groups=groups))
        claims = NADIA | {"username": "nadia@player.example", "phone_number": "+49301234567"}
        panel = diagnose(client, login_jwt(**claims, more={"mail": "nadia@player.example"}))
        assert "nadia@player.example" not in panel.text and "1234567" not in panel.text
        assert "E-mail addresses and phone numbers are masked for your group." in panel.text

    def test_look_nothing_up(self, developer, django_assert_max_num_queries):
        """The page as a whole stays within its budget, so no player is looked for."""
        with django_assert_max_num_queries(16):
            diagnose(developer, login_jwt(**NADIA))

    @pytest.mark.parametrize("claims", [
        {"sub": ["x"]}, {"username": {"a": 1}}, {"email": 5}, {"exp": 10**40}, {"exp": "soon"}, {"iat": True},
        {"name": "\u202e" * 300 + "<script>"}, {"sub": "\x00"}, {f"claim{number}": number for number in range(300)},
    ])  # fmt: skip
    def test_stand_hostile_claims(self, developer, claims):
        page = developer.post(DOCTOR, {"text": login_jwt(**claims)}).content.decode()
        assert "token-facts" in page and "<script>" not in page.split('id="diagnosis"')[1]

    def test_are_missing_where_nothing_can_be_read(self, lead):
        assert diagnose(lead, "not.a.token").all(class_="token-facts") == []


class TestClaims:
    def test_are_a_table(self, clock, lead):
        table = diagnose(lead, login_jwt(**NADIA, exp=clock + 60)).one("table")
        rows = {row.all("td")[0].text: row.all("td")[1].text for row in table.all("tr")[1:]}
        assert rows["sub"] == NADIA["sub"]
        assert rows["exp"] == f"{clock + 60} 15 Jan 2027, 08:01 UTC, in 1 min 0 s"

    def test_are_shown_up_to_a_number(self, lead):
        panel = diagnose(lead, login_jwt(**{f"claim{number}": number for number in range(100)}))
        assert len(panel.one("table").all("tr")) == 41
        assert "more claims are not shown." in panel.text
