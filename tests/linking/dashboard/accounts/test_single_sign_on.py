"""The whole way to an issuer and back, and every way on which nobody is signed in."""

import http.client
import time
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from allauth.socialaccount.models import SocialAccount, SocialToken
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from linking.models import AuditEvent
from tests.linking.conftest import make_person
from tests.openid_issuer import make_settings, running_issuer, sign_well
from tests.rsa_keys import private_key

pytestmark = pytest.mark.django_db
START, RETURN, OWN = "/accounts/single-sign-on/", "/accounts/single-sign-on/return/", "/accounts/single-sign-on/own/"
EMAIL = "nadia@house.example"
PASSWORD = "a long password of theirs"


@pytest.fixture
def issuer(settings):
    cache.clear()
    with running_issuer() as issuer:
        settings.LINKING = settings.LINKING | {"SINGLE_SIGN_ON": make_settings(issuer), "ALLOW_LOOPBACK": True}
        yield issuer


def say(settings, issuer, **changes):
    settings.LINKING = settings.LINKING | {"SINGLE_SIGN_ON": make_settings(issuer, **changes)}


def visit(address):
    """Sign in at the issuer and return the address to which it leads back, without its host."""
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    connection.request("GET", f"/realm/go?{parts.query}")
    back = urlsplit(connection.getresponse().headers["Location"])
    connection.close()
    return f"{back.path}?{back.query}"


def sign_in_there(browser, address=START):
    return browser.get(visit(browser.get(address).headers["Location"]))


def find_nadia():
    return get_user_model().objects.get(username="nadia")


def groups_of(user):
    return sorted(user.groups.values_list("name", flat=True))


def is_signed_in(browser):
    return browser.get("/sync/").status_code == 200


def read_sentence(answer):
    return answer.content.decode().split('<p class="lead">')[1].split("</p>")[0]


class TestWayThere:
    def test_carries_state_nonce_and_pkce(self, client, issuer):
        query = parse_qs(urlsplit(client.get(START).headers["Location"]).query)
        assert query["response_type"] == ["code"]
        assert query["code_challenge_method"] == ["S256"]
        assert query["redirect_uri"] == [f"http://testserver{RETURN}"]
        assert {"state", "nonce", "code_challenge"} <= set(query)
        assert query["scope"] == ["openid profile email"]

    def test_differs_each_time(self, client, issuer):
        queries = [parse_qs(urlsplit(client.get(START).headers["Location"]).query) for _ in range(2)]
        assert all(queries[0][name] != queries[1][name] for name in ("state", "nonce", "code_challenge"))

    def test_asks_the_issuer_about_itself_once(self, client, issuer):
        client.get(START)
        client.get(START)
        assert issuer.asked == ["/realm/.well-known/openid-configuration"]

    def test_does_not_exist_without_an_issuer(self, client):
        assert [client.get(path).status_code for path in (START, RETURN)] == [404, 404]

    def test_is_offered_on_the_sign_in_page_with_where_one_wanted_to_go(self, client, issuer):
        assert f'href="{START}?next=/sync/"' in client.get("/accounts/login/?next=/sync/").content.decode()

    @pytest.mark.parametrize(
        "says",
        [
            {"issuer": "https://login.other.example"},
            {"token_endpoint": "http://10.0.0.7/token"},
            {"token_endpoint": "file:///etc/passwd"},
            {"authorization_endpoint": "javascript:alert(1)"},
            {"jwks_uri": 7},
        ],
        ids=["another-issuer", "inward-token", "file", "script", "number"],
    )
    def test_is_closed_where_the_issuer_says_what_cannot_be(self, client, issuer, says):
        issuer.says = says
        answer = client.get(START)
        assert answer.status_code == 503
        assert "could not be completed" in read_sentence(answer)

    def test_is_limited_for_an_address(self, client, issuer):
        answers = [client.get(START).status_code for _ in range(31)]
        assert (answers[0], answers[-1]) == (302, 429)

    def test_leads_somebody_signed_in_to_the_first_page(self, lead, issuer):
        assert lead.get(START).headers["Location"] == "/"


class TestFirstSignIn:
    def test_makes_an_account_in_the_groups_of_the_claim(self, client, issuer):
        answer = sign_in_there(client, f"{START}?next=/sync/")
        assert answer.headers["Location"] == "/sync/"
        assert is_signed_in(client)
        assert (groups_of(find_nadia()), find_nadia().email) == (["leads"], EMAIL)
        assert not find_nadia().has_usable_password()

    def test_is_told_in_the_audit(self, client, issuer):
        sign_in_there(client)
        assert list(AuditEvent.objects.order_by("id").values_list("actor", "action", "target")) == [
            ("single sign-on", "person.made_by_issuer", "nadia"),
            ("single sign-on", "person.joined_issuer", "nadia"),
            ("single sign-on", "person.groups_changed", "nadia"),
            ("nadia", "person.signed_in", "nadia"),
        ]

    def test_stores_neither_tokens_nor_claims(self, client, issuer):
        sign_in_there(client)
        pair = SocialAccount.objects.get()
        assert (pair.uid, pair.extra_data, SocialToken.objects.count()) == ("nadia-7", {}, 0)

    def test_of_somebody_in_no_group_makes_none_and_says_so(self, client, issuer):
        issuer.claims["groups"] = ["cooks"]
        answer = sign_in_there(client)
        assert (answer.status_code, get_user_model().objects.count()) == (403, 0)
        assert "you are in none of the groups" in read_sentence(answer)

    @pytest.mark.parametrize("name", ["administrator", "Administrator", "nadia"])
    def test_takes_no_name_that_is_taken(self, client, issuer, name):
        make_person("nadia", groups=["agents"])
        issuer.claims["preferred_username"] = name
        sign_in_there(client)
        user = SocialAccount.objects.get().user
        assert user.username.lower() not in ("administrator", "nadia")

    def test_asks_userinfo_for_what_the_id_token_leaves_out(self, client, issuer):
        issuer.only_in_userinfo = ("email", "email_verified", "groups")
        sign_in_there(client)
        assert (groups_of(find_nadia()), find_nadia().email) == (["leads"], EMAIL)

    def test_believes_no_userinfo_of_somebody_else(self, client, issuer):
        issuer.only_in_userinfo, issuer.userinfo_changes = ("groups",), {"sub": "omar-9"}
        assert sign_in_there(client).status_code == 403
        assert get_user_model().objects.count() == 0


class TestGroups:
    def test_are_taken_away_when_the_claim_lacks_them(self, client, issuer):
        sign_in_there(client)
        issuer.claims["groups"] = ["agents", "developers"]
        sign_in_there(Client())
        assert groups_of(find_nadia()) == ["agents", "developers"]

    def test_are_all_taken_away_and_nobody_is_signed_in(self, client, issuer):
        sign_in_there(client)
        del issuer.claims["groups"]
        browser = Client()
        assert sign_in_there(browser).status_code == 403
        assert (groups_of(find_nadia()), is_signed_in(browser)) == ([], False)
        assert client.get("/").status_code == 403

    def test_have_one_rank_the_highest(self, client, issuer):
        issuer.claims["groups"] = ["agents", "admins", "leads"]
        sign_in_there(client)
        assert groups_of(find_nadia()) == ["admins"]

    def test_go_by_the_names_of_the_issuer(self, client, issuer, settings):
        say(settings, issuer, groups={"/support/heads": "leads"}, groups_claim="realm_access.roles")
        issuer.claims["realm_access"] = {"roles": ["/support/heads", "admins"]}
        sign_in_there(client)
        assert groups_of(find_nadia()) == ["leads"]

    def test_leave_a_superuser_one(self, client, issuer):
        user = make_person("nadia", groups=[], is_superuser=True)
        SocialAccount.objects.create(user=user, provider=issuer.url, uid="nadia-7")
        del issuer.claims["groups"]
        sign_in_there(client)
        assert is_signed_in(client)


class TestAccountThatExists:
    def test_is_joined_by_a_verified_address(self, client, issuer):
        user = make_person("support", groups=["agents"], email=EMAIL.upper())
        sign_in_there(client)
        assert SocialAccount.objects.get().user == user
        assert groups_of(user) == ["leads"]

    @pytest.mark.parametrize("verified", [False, "true", None, 1])
    def test_is_not_joined_by_another_address(self, client, issuer, verified):
        user = make_person("support", groups=["agents"], email=EMAIL)
        issuer.claims["email_verified"] = verified
        sign_in_there(client)
        assert SocialAccount.objects.get().user != user
        assert find_nadia().email == ""

    @pytest.mark.parametrize("changes", [{"is_superuser": True}, {"username": "administrator"}, {"username": "glass"}])
    def test_for_emergencies_is_never_joined_by_an_address(self, client, issuer, settings, changes):
        say(settings, issuer, emergency_accounts=("glass",))
        user = make_person(changes.pop("username", "root"), groups=["admins"], email=EMAIL, **changes)
        sign_in_there(client)
        assert SocialAccount.objects.get().user != user

    def test_of_a_colleague_who_had_the_address_before_is_not_joined(self, client, issuer):
        sign_in_there(client)
        issuer.claims |= {"sub": "nadia-8", "preferred_username": "nadia.two"}
        sign_in_there(Client())
        assert SocialAccount.objects.get(uid="nadia-8").user != find_nadia()

    def test_of_another_issuer_with_the_same_subject_is_not_joined(self, client, issuer):
        other = make_person("other", groups=["agents"])
        SocialAccount.objects.create(user=other, provider="https://login.before.example", uid="nadia-7")
        sign_in_there(client)
        assert SocialAccount.objects.get(provider=issuer.url).user != other

    def test_that_is_switched_off_stays_shut(self, client, issuer):
        make_person("nadia", groups=["leads"], email=EMAIL, is_active=False)
        sign_in_there(client)
        assert not is_signed_in(client)

    def test_is_asked_for_its_own_second_factor(self, client, issuer):
        TOTP.activate(make_person("nadia", groups=["leads"], email=EMAIL), generate_totp_secret())
        assert sign_in_there(client).headers["Location"] == reverse("mfa_authenticate")
        assert not is_signed_in(client)


class TestHostileAnswer:
    @pytest.mark.parametrize(
        "changes",
        [
            {"nonce": "another"}, {"aud": "other"}, {"iss": "https://login.other.example"}, {"exp": 1},
            {"iat": 4_000_000_000}, {"azp": "other"}, {"sub": ""},
        ],
        ids=lambda changes: next(iter(changes)),
    )  # fmt: skip
    def test_with_a_wrong_claim_signs_nobody_in(self, client, issuer, changes):
        issuer.twist = lambda claims: claims | changes
        assert sign_in_there(client).status_code == 403
        assert (is_signed_in(client), get_user_model().objects.count()) == (False, 0)

    @pytest.mark.parametrize(
        "sign",
        [
            lambda claims: jwt.encode(claims, None, algorithm="none"),
            lambda claims: jwt.encode(claims, "a secret of the client & its + and more", algorithm="HS256"),
            lambda claims: jwt.encode(claims, private_key("thief"), algorithm="RS256", headers={"kid": "first"}),
            lambda claims: sign_well(claims)[:-8] + "AAAAAAAA",
            lambda claims: 7,
        ],
        ids=["none", "HS256", "foreign-key", "damaged", "number"],
    )
    def test_with_a_wrong_signature_signs_nobody_in(self, client, issuer, sign):
        issuer.sign = sign
        assert sign_in_there(client).status_code == 403
        assert not is_signed_in(client)

    def test_without_our_state_signs_nobody_in(self, client, issuer):
        back = visit(client.get(START).headers["Location"])
        other = Client()
        assert "in another browser" in read_sentence(other.get(back))
        assert not is_signed_in(other)
        assert "/realm/token" not in issuer.asked

    def test_works_once(self, client, issuer):
        back = visit(client.get(START).headers["Location"])
        client.get(back)
        client.logout()
        assert client.get(back).status_code == 403

    def test_ends_after_ten_minutes(self, client, issuer, monkeypatch):
        back = visit(client.get(START).headers["Location"])
        later = time.time() + 601
        monkeypatch.setattr("allauth.socialaccount.internal.statekit.time.time", lambda: later)
        assert "more than ten minutes ago" in read_sentence(client.get(back))

    def test_of_another_issuer_is_refused(self, client, issuer):
        back = visit(client.get(START).headers["Location"])
        assert "another issuer" in read_sentence(client.get(f"{back}&iss=https://login.other.example"))

    def test_with_a_code_of_another_start_is_refused(self, client, issuer):
        """The verifier of one start does not open the code of another, which somebody may have planted."""
        first, second = (visit(client.get(START).headers["Location"]) for _ in range(2))
        code = parse_qs(urlsplit(second).query)["code"][0]
        state = parse_qs(urlsplit(first).query)["state"][0]
        assert client.get(f"{RETURN}?code={code}&state={state}").status_code == 403
        assert not is_signed_in(client)

    def test_that_cancels_says_so(self, client, issuer):
        issuer.error = "access_denied"
        assert "cancelled" in read_sentence(sign_in_there(client))

    def test_with_another_error_shows_none_of_its_words(self, client, issuer):
        issuer.error = "<script>alert(1)</script>"
        assert "alert" not in sign_in_there(client).content.decode()

    def test_leads_to_no_other_site(self, client, issuer):
        answer = sign_in_there(client, f"{START}?next=https://evil.example/")
        assert answer.headers["Location"] == "/"

    def test_leaves_no_secret_in_the_log(self, client, issuer, caplog):
        issuer.twist = lambda claims: claims | {"nonce": "another"}
        back = visit(client.get(START).headers["Location"])
        client.get(back)
        code = parse_qs(urlsplit(back).query)["code"][0]
        assert "nonce" in caplog.text
        assert not any(word in caplog.text for word in (code, "a secret of the client", "an access token", "ey"))


class TestPasswords:
    def test_open_the_named_accounts_alone(self, client, issuer, settings):
        say(settings, issuer, emergency_accounts=("glass",))
        make_person("glass", groups=["admins"])
        make_person("lead")
        for name in ("lead", "glass"):
            client.post("/accounts/login/", {"login": name, "password": PASSWORD})
            assert is_signed_in(client) is (name == "glass")

    def test_open_every_account_by_themselves(self, client, issuer):
        make_person("lead")
        client.post("/accounts/login/", {"login": "lead", "password": PASSWORD})
        assert is_signed_in(client)

    def test_cost_the_same_for_accounts_whose_password_does_not_count(self, client, issuer, settings, monkeypatch):
        say(settings, issuer, emergency_accounts=("glass",))
        make_person("lead")
        hashed = []
        encode = MD5PasswordHasher.encode
        monkeypatch.setattr(MD5PasswordHasher, "encode", lambda *args: hashed.append(1) or encode(*args))
        client.post("/accounts/login/", {"login": "lead", "password": PASSWORD})
        client.post("/accounts/login/", {"login": "nobody", "password": PASSWORD})
        assert len(hashed) == 2


class TestOwnAccount:
    @pytest.fixture
    def browser(self, issuer):
        make_person("lead")
        browser = Client()
        browser.post("/accounts/login/", {"login": "lead", "password": PASSWORD})
        browser.post("/accounts/reauthenticate/", {"password": PASSWORD})
        return browser

    def test_is_joined_from_its_own_page(self, browser, issuer):
        issuer.claims["email_verified"] = False
        page = browser.post(OWN).content.decode()
        way = page.split('class="btn btn-primary" href="')[1].split('"')[0].replace("&amp;", "&")
        browser.get(visit(way))
        assert SocialAccount.objects.get().user.username == "lead"
        assert "is joined with" in browser.get(OWN).content.decode()

    def test_is_not_joined_by_a_link(self, browser, issuer):
        """A stranger's link could otherwise join the account with the stranger."""
        browser.get(OWN)
        assert SocialAccount.objects.count() == 0
        assert issuer.asked == []

    def test_is_not_joined_after_somebody_else_signed_in(self, browser, issuer):
        way = browser.post(OWN).content.decode().split('href="http')[1].split('"')[0].replace("&amp;", "&")
        back = visit(f"http{way}")
        browser.force_login(make_person("agent"))
        assert browser.get(back).status_code == 403
        assert SocialAccount.objects.count() == 0

    def test_is_not_joined_with_a_person_who_has_another(self, browser, issuer):
        sign_in_there(Client())
        way = browser.post(OWN).content.decode().split('href="http')[1].split('"')[0].replace("&amp;", "&")
        assert "opens another account" in read_sentence(browser.get(visit(f"http{way}")))

    def test_asks_for_the_password_first(self, lead, issuer):
        assert lead.get(OWN).headers["Location"].startswith(reverse("account_reauthenticate"))

    def test_can_end_it(self, browser, issuer):
        SocialAccount.objects.create(
            user=get_user_model().objects.get(username="lead"), provider=issuer.url, uid="nadia-7"
        )
        browser.post(OWN, {"do": "end"})
        assert SocialAccount.objects.count() == 0

    def test_cannot_end_it_without_another_way_in(self, client, issuer):
        sign_in_there(client)
        client.post(OWN, {"do": "end"})
        assert SocialAccount.objects.count() == 1
