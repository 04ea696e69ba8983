"""What the admin's form says of a secret when it is saved: what cannot be one is refused, what looks wrong is told."""

import base64

import pytest
from django.test import Client

from linking.integrations import own_password
from linking.limits import Limiter
from linking.models import DraftSecret, Secret
from tests.factories import LOGIN_SECRET_KEY, ZENDESK_SHARED_SECRET, make_integration
from tests.linking.admin.test_admin import boxes, person, url_of

pytestmark = pytest.mark.django_db
LOGIN, ZENDESK = "login_secret_key", "zendesk_shared_secret"
GOOD = "a-new-login-secret-key-of-forty-letters!"
LOOKS_LIKE_ZENDESK = "0123456789ABCDEF" * 4
REFUSED = {
    "blank before": ({LOGIN: f" {GOOD}"}, "begins or ends with a space"),
    "blank behind": ({ZENDESK: f"{GOOD}\t"}, "begins or ends with a space"),
    "only blanks": ({LOGIN: " " * 40}, "is blank"),
    "line end behind": ({LOGIN: f"{GOOD}\n"}, "contains a line end"),
    "line end within": ({ZENDESK: f"{GOOD}\r\n{GOOD}"}, "contains a line end"),
    "under 16 bytes": ({LOGIN: "fifteen-bytes.."}, "is shorter than 16 bytes"),
    "equal to the one that is kept": ({LOGIN: ZENDESK_SHARED_SECRET}, "have the same secret"),
    "equal to the other box": ({LOGIN: GOOD, ZENDESK: GOOD}, "have the same secret"),
    "equal to the next one": ({LOGIN: GOOD, "zendesk_shared_secret_next": GOOD}, "have the same secret"),
}
TOLD = {
    "base64": ({ZENDESK: base64.b64encode(b"thirty-two bytes of key material").decode()}, "looks like base64"),
    "Zendesk's in Login's box": ({LOGIN: LOOKS_LIKE_ZENDESK}, "swapped"),
    "under 32 bytes": ({LOGIN: "twenty-bytes-of-it.."}, "shorter than 32 bytes"),
    "quotes": ({LOGIN: f'"{GOOD}"'}, "is in quotes"),
}


@pytest.fixture(autouse=True)
def whole_budget(monkeypatch):
    monkeypatch.setattr(own_password, "_tries", Limiter(per_minute=5))


@pytest.fixture
def acme():
    return make_integration()


@pytest.fixture
def admin():
    client = Client()
    client.force_login(person("admins"))
    return client


@pytest.fixture
def unchanged(acme, admin):
    """What the form sends back unchanged; fetched once, because a form that is opened anew begins anew."""
    return boxes(admin, url_of(acme))


@pytest.fixture
def post(acme, admin, unchanged):
    return lambda **sent: admin.post(url_of(acme), unchanged | {"own_password": "own-password"} | sent)


def posted(admin, acme, secrets):
    sent = boxes(admin, url_of(acme)) | secrets | {"own_password": "own-password"}
    return admin.post(url_of(acme), sent)


SPOILT = {LOGIN: GOOD, "cookie_name": "no cookie;"}


def kept(name):
    return Secret.objects.get(name=name).reveal()


class TestBoxes:
    @pytest.mark.parametrize("case", REFUSED)
    def test_refuse_and_keep_what_was_set(self, acme, admin, case):
        secrets, words = REFUSED[case]
        errors = posted(admin, acme, secrets).context["adminform"].form.errors
        assert [name for name in secrets if words in str(errors.get(name, ""))]
        assert (kept(LOGIN), kept(ZENDESK)) == (LOGIN_SECRET_KEY, ZENDESK_SHARED_SECRET)

    @pytest.mark.parametrize("case", TOLD)
    def test_save_and_tell(self, acme, admin, case):
        ((name, plain),), words = TOLD[case][0].items(), TOLD[case][1]
        page = admin.get(posted(admin, acme, {name: plain}).url)
        label = {LOGIN: "Login secret key", ZENDESK: "Zendesk shared secret"}[name]
        assert [str(one) for one in page.context["messages"] if str(one).startswith(f"{label}: ") and words in str(one)]
        assert kept(name) == plain

    @pytest.mark.parametrize("case", [*REFUSED, *TOLD])
    def test_show_nothing_of_it(self, acme, admin, case):
        secrets = (REFUSED | TOLD)[case][0]
        response = posted(admin, acme, secrets)
        shown = (admin.get(response.url) if response.status_code == 302 else response).content.decode()
        assert not [plain for plain in secrets.values() if plain.strip() and plain.strip() in shown]

    def test_say_nothing_of_a_good_one(self, acme, admin):
        page = admin.get(posted(admin, acme, {LOGIN: GOOD}).url)
        assert [str(one) for one in page.context["messages"]] == ["Acme Games is saved."]

    def test_lead_on_to_the_setup_page(self, acme, admin):
        assert posted(admin, acme, {}).url == "/setup/acme/"

    def test_stay_where_a_button_asks_for_it(self, acme, admin):
        assert posted(admin, acme, {"_continue": "1"}).url == url_of(acme)

    def test_say_that_a_good_one_is_kept_beside_an_error(self, post):
        form = post(**SPOILT).context["adminform"].form
        assert str(form.fields[LOGIN].help_text) == "Kept, sealed, until you save. Enter again to change."
        assert {name for name in form.errors if "Enter it again" in str(form.errors[name])} == {"own_password"}

    def test_need_a_kept_one_no_second_time(self, post):
        post(**SPOILT)
        assert kept(LOGIN) == LOGIN_SECRET_KEY
        post()
        assert kept(LOGIN) == GOOD and not DraftSecret.objects.exists()

    def test_save_a_kept_one_only_with_ones_own_password(self, post):
        post(**SPOILT)
        response = post(own_password="")
        assert "Enter your own password." in response.content.decode()
        assert kept(LOGIN) == LOGIN_SECRET_KEY

    def test_keep_no_bad_one(self, post):
        post(**SPOILT | {LOGIN: "short"})
        assert not DraftSecret.objects.exists()

    def test_forget_what_was_kept_when_the_form_is_opened_anew(self, post, acme, admin):
        post(**SPOILT)
        admin.get(url_of(acme))
        assert not DraftSecret.objects.exists()

    def test_let_a_removal_win_over_a_kept_one(self, post):
        post(**SPOILT)
        post(**{f"remove_{LOGIN}": "on"})
        assert not Secret.objects.filter(name=LOGIN).exists()

    def test_of_a_day_and_a_time_are_named(self, acme, admin):
        page = admin.get(url_of(acme)).content.decode()
        assert 'aria-label="Sync start: date"' in page
        assert 'aria-label="Accept the previous Login secret key until: time"' in page
