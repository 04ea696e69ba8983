"""The settings of the app inside Zendesk: its public key and its installation."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from linking import registry
from linking.integrations import Actor, BadIntegration, save_integration
from linking.models import Integration
from tests.factories import NOW, make_integration
from tests.linking.panel.zendesk import AUDIENCE, make_pem
from tests.rsa_keys import private_key

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def acme():
    return make_integration()


def save(**values):
    return save_integration(slug="acme", values=values, actor=Actor(name="ada"), now=NOW, allow_loopback=False)


def problem(key, **values):
    with pytest.raises(BadIntegration) as raised:
        save(**values)
    return raised.value.problems[key]


def warned(saved):
    return {warning.key for warning in saved.warnings}


class TestPublicKey:
    @pytest.mark.parametrize(
        "write",
        [
            lambda pem: pem,
            lambda pem: f"\n{pem}\n",
            json.dumps,
            lambda pem: pem.replace("\n", "\\n"),
            lambda pem: pem.replace("\n", "\r\n"),
        ],
    )
    def test_is_taken_as_zendesk_answers_it(self, write):
        save(zendesk_app_public_key=write(make_pem()), zendesk_app_audience=AUDIENCE)
        assert registry.refresh().by_slug["acme"].zendesk_app_public_key == make_pem()

    def test_is_taken_in_its_older_form(self):
        public = private_key("app").public_key()
        save(zendesk_app_public_key=public.public_bytes(Encoding.PEM, PublicFormat.PKCS1).decode())
        assert Integration.objects.get().zendesk_app_public_key == make_pem()

    def test_can_be_removed(self):
        save(zendesk_app_public_key=make_pem())
        save(zendesk_app_public_key="")
        assert Integration.objects.get().zendesk_app_public_key == ""

    @pytest.mark.parametrize(
        ("value", "words"),
        [
            ("no key", "This is no public key"),
            (make_pem()[:100], "This is no public key"),
            ("é", "This is no public key"),
            ('"never ends', "This is no public key"),
            ("x" * 9000, "This is no public key"),
            (make_pem(bits=1024), "The key has 1024 bits"),
            (7, "as text"),
        ],
        # Keys are new in each process, and every worker must give the cases the same names.
        ids=["words", "half a key", "accents", "half a JSON text", "too long", "a short key", "a number"],
    )
    def test_says_what_is_wrong(self, value, words):
        assert words in problem("zendesk_app_public_key", zendesk_app_public_key=value)

    def test_is_of_rsa(self):
        public = ec.generate_private_key(ec.SECP256R1()).public_key()
        pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        assert "not an RSA key" in problem("zendesk_app_public_key", zendesk_app_public_key=pem)

    def test_that_is_private_is_refused_and_not_repeated(self):
        pem = private_key("app").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        sentence = problem("zendesk_app_public_key", zendesk_app_public_key=pem)
        assert "This is a private key" in sentence and pem[40:80] not in sentence


class TestAudience:
    def test_is_the_address_of_an_installation(self):
        save(zendesk_app_audience=AUDIENCE)
        assert Integration.objects.get().zendesk_app_audience == AUDIENCE

    @pytest.mark.parametrize(
        "value",
        [
            "5001",
            AUDIENCE.replace("https", "http"),
            AUDIENCE.removesuffix(".json"),
            AUDIENCE.replace("5001", "x"),
            AUDIENCE + "\n",
            AUDIENCE.replace("zendesk.com", "zendesk.com.evil.example"),
            5001,
        ],
    )
    def test_is_nothing_else(self, value):
        assert "address of the installation" in problem("zendesk_app_audience", zendesk_app_audience=value)

    def test_is_of_this_account(self):
        assert "another account" in problem(
            "zendesk_app_audience", zendesk_app_audience=AUDIENCE.replace("acme", "other")
        )

    def test_has_to_follow_the_subdomain(self):
        save(zendesk_app_audience=AUDIENCE)
        assert "another account" in problem("zendesk_app_audience", zendesk_subdomain="other")


class TestHalfASetUp:
    def test_is_saved_with_a_warning(self):
        assert "zendesk_app_audience" in warned(save(zendesk_app_public_key=make_pem()))
        assert not {"zendesk_app_public_key", "zendesk_app_audience"} & warned(save(zendesk_app_audience=AUDIENCE))

    def test_lacks_the_key(self):
        assert "zendesk_app_public_key" in warned(save(zendesk_app_audience=AUDIENCE))
