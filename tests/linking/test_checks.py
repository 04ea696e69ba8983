import pytest
from django.core.checks import run_checks

from linking.models import Secret
from tests.factories import make_integration


def ids(**options) -> list[str]:
    return [message.id for message in run_checks(**options) if message.id.startswith("linking.")]


class TestChecks:
    def test_are_silent_on_a_good_set_up(self):
        assert ids(include_deployment_checks=True) == []

    def test_know_loopback_addresses_on_a_public_host(self, settings):
        settings.LINKING = settings.LINKING | {"ALLOW_LOOPBACK": True}
        settings.ALLOWED_HOSTS = ["support.example.com"]
        assert ids() == ["linking.E001"]

    def test_allow_loopback_addresses_on_this_machine(self, settings):
        settings.LINKING = settings.LINKING | {"ALLOW_LOOPBACK": True}
        settings.ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
        assert ids() == []

    def test_know_another_login_address(self, settings):
        settings.LINKING = settings.LINKING | {"XSOLLA_LOGIN_API_URL": "https://login.example/api"}
        assert ids() == ["linking.W001"]

    def test_know_a_seal_key_listed_twice(self, settings):
        settings.LINKING = settings.LINKING | {
            "SEAL_KEYS": (*settings.LINKING["SEAL_KEYS"], settings.LINKING["SEAL_KEYS"][0])
        }
        assert ids() == ["linking.W002"]


@pytest.mark.django_db
class TestSecretsOpen:
    def test_is_silent_when_all_do(self):
        make_integration()
        assert ids(databases=["default"]) == []

    def test_names_the_secret_that_does_not(self):
        make_integration()
        Secret.objects.filter(name="login_secret_key").update(sealed="v1:nonsense")
        found = [message for message in run_checks(databases=["default"]) if message.id == "linking.W003"]
        assert "Integration acme: login_secret_key" in found[0].msg


class TestMail:
    @pytest.mark.parametrize(
        ("changes", "told"),
        [
            ({"EMAIL_HOST_USER": "u", "EMAIL_HOST": "mail.example"}, ["linking.W010"]),
            ({"EMAIL_HOST_USER": "u", "EMAIL_HOST": "mail.example", "EMAIL_USE_TLS": True}, []),
            ({"EMAIL_HOST_USER": "u", "EMAIL_HOST": "mail.example", "EMAIL_USE_SSL": True}, []),
            ({"EMAIL_HOST_USER": "u", "EMAIL_HOST": "localhost"}, []),
            ({"EMAIL_HOST": "mail.example"}, []),
        ],
    )
    def test_a_password_in_clear_is_told(self, settings, changes, told):
        for name, value in changes.items():
            setattr(settings, name, value)
        assert ids() == told
