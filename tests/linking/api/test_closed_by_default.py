import pytest
from django.conf import settings as in_force
from django.test import Client

from tests.factories import login_jwt, make_integration

pytestmark = pytest.mark.django_db
DJANGOS = "django.contrib.auth.middleware.LoginRequiredMiddleware"
OURS = "linking.api.closed_by_default.ClosedByDefault"


@pytest.fixture(autouse=True)
def ours_in_place(settings):
    settings.MIDDLEWARE = [OURS if one == DJANGOS else one for one in in_force.MIDDLEWARE]
    assert OURS in settings.MIDDLEWARE


class TestClosedByDefault:
    def test_answers_an_open_view_without_a_query_though_a_session_cookie_came(
        self, settings, django_assert_num_queries
    ):
        make_integration()
        cookie = f"{settings.SESSION_COOKIE_NAME}={'m4de' * 8}; token={login_jwt()}"
        with django_assert_num_queries(0):
            response = Client().get("/generate/token", HTTP_COOKIE=cookie)
        assert response.status_code == 200
        assert "Cookie" not in response["Vary"]

    def test_sends_a_stranger_from_a_closed_view_to_the_sign_in_page(self):
        response = Client().get("/accounts/2fa/")
        assert (response.status_code, response["Location"].split("?")[0]) == (302, "/accounts/login/")
