"""Which answers are compressed, and what keeps their length from telling a secret (decision 23)."""

import gzip
import re

import pytest

from linking.models import Visitor
from tests.factories import NOW, USER_ID, login_jwt, make_integration, make_link, make_login_user, make_visitor

pytestmark = pytest.mark.django_db
VISITOR = "7700123.ab3XkQ9zLm2Rt7"
TOKEN = re.compile(rb'name="csrfmiddlewaretoken" value="([^"]+)"')


@pytest.fixture(autouse=True)
def records(db):
    integration = make_integration()
    make_link(visitor=make_visitor(integration=integration), login_user=make_login_user(integration=integration))


def ask(browser, path, coding="gzip, deflate, br", **options):
    return browser.get(path, headers={"Accept-Encoding": coding}, **options)


class TestPages:
    @pytest.mark.parametrize(
        "path", ["/", f"/visitors/{VISITOR}/", f"/users/{USER_ID}/", "/conflicts/", "/sync/", "/setup/acme/"]
    )
    def test_are_compressed(self, lead, path):
        answer = ask(lead, path)
        assert answer["Content-Encoding"] == "gzip"
        assert "Accept-Encoding" in answer["Vary"]
        assert len(answer.content) < len(gzip.decompress(answer.content)) / 2

    def test_of_fifty_rows_take_a_seventh(self, lead):
        integration = Visitor.objects.get().integration
        times = {"first_seen_at": NOW, "last_seen_at": NOW}
        for place in range(50):
            make_visitor(integration=integration, visitor_id=f"7700123.v{place}", name=f"Visitor {place}", **times)
        answer = ask(lead, "/")
        assert len(answer.content) < len(gzip.decompress(answer.content)) / 7

    def test_are_plain_for_whom_cannot_unpack(self, lead):
        answer = ask(lead, "/", "identity")
        assert not answer.has_header("Content-Encoding")
        assert b"<!doctype html>" in answer.content


class TestLength:
    def test_differs_between_two_answers_that_say_the_same(self, lead):
        assert len({len(ask(lead, "/").content) for _ in range(12)}) > 1

    def test_meets_no_form_secret_twice(self, lead):
        found = [set(TOKEN.findall(gzip.decompress(ask(lead, "/?q=x").content))) for _ in range(2)]
        assert all(found)
        assert not found[0] & found[1]


class TestOthers:
    """What holds a secret that lasts, or is no page, leaves as it is."""

    @pytest.mark.parametrize(
        "path",
        ["/accounts/2fa/", "/admin/linking/integration/", "/admin/linking/integration/add/",
         "/api/v1/visitors/", "/healthz", "/export/visitors.csv"],
    )  # fmt: skip
    def test_are_not_compressed(self, sign_in, path):
        assert not ask(sign_in("admin"), path, follow=True).has_header("Content-Encoding")

    def test_nor_is_the_sign_in_page(self, client):
        assert not ask(client, "/accounts/login/").has_header("Content-Encoding")

    def test_nor_is_a_token(self, client):
        cookie = f"token={login_jwt()}"
        answer = client.get("/generate/token/acme", headers={"Accept-Encoding": "gzip", "Cookie": cookie})
        assert answer.status_code == 200
        assert not answer.has_header("Content-Encoding")
