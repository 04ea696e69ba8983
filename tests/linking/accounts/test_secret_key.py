"""A change of Django's key."""

import pytest
from django.test import Client

from tests.linking.conftest import make_person

NEW = "another key of Django, long enough for anyone and never used elsewhere"


@pytest.fixture
def browser(db):
    browser = Client()
    browser.force_login(make_person("agent"))
    return browser


class TestSecretKey:
    def test_keeps_sessions_while_the_old_one_is_a_fallback(self, browser, settings):
        settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], NEW
        assert browser.get("/").status_code == 200

    def test_keeps_them_when_the_fallback_is_taken_out_after_a_visit(self, browser, settings):
        settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], NEW
        browser.get("/")
        settings.SECRET_KEY_FALLBACKS = []
        assert browser.get("/").status_code == 200

    def test_signs_everybody_out_without_a_fallback(self, browser, settings):
        settings.SECRET_KEY = NEW
        assert browser.get("/").status_code == 302
