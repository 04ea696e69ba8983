import base64
import json

import jwt
import pytest

from linking.core.config import EmailVerified, MissingEmail, ZendeskProduct
from linking.tokens import zendesk_jwt
from linking.tokens.login_jwt import VerifiedUser
from linking.tokens.refusals import Reason, Refused
from tests.factories import USER_ID, ZENDESK_SHARED_SECRET, make_config

NOW = 1_767_225_600
NADIA = VerifiedUser(
    user_id=USER_ID,
    email="nadia@player.example",
    email_flaw=None,
    name="nadia",
)
SOCIAL = NADIA._replace(email="", email_flaw=Reason.EMAIL_MISSING, name="Nadia K")


def chat(*, user=NADIA, now=NOW, **changes):
    """What stands in the token that is really signed."""
    token = zendesk_jwt.zendesk_jwt(user=user, config=make_config(**changes), now=now)
    return jwt.decode(token, options={"verify_signature": False})


def messaging(*, user=NADIA, **changes):
    messaging = {"zendesk_product": ZendeskProduct.MESSAGING, "zendesk_key_id": "app_1"}
    return chat(user=user, **(messaging | changes))


class TestChatClaims:
    def test_are_exactly_the_five(self):
        assert chat() == {
            "name": "nadia@player.example",
            "email": "nadia@player.example",
            "external_id": USER_ID,
            "iat": NOW,
            "exp": NOW + 300,
        }

    def test_never_come_from_the_future(self):
        assert chat(now=NOW + 0.999)["iat"] == NOW

    @pytest.mark.parametrize("flaw", [Reason.EMAIL_MISSING, Reason.EMAIL_UNUSABLE])
    def test_are_refused_without_an_email_by_default(self, flaw):
        with pytest.raises(zendesk_jwt.ZendeskTokenError) as caught:
            chat(user=SOCIAL._replace(email_flaw=flaw))
        assert caught.value.reason is flaw

    def test_leave_a_missing_email_out(self):
        claims = chat(user=SOCIAL, missing_email=MissingEmail.OMIT)
        assert claims == {"name": "Nadia K", "external_id": USER_ID, "iat": NOW, "exp": NOW + 300}

    def test_put_a_placeholder_in(self):
        claims = chat(user=SOCIAL, missing_email=MissingEmail.PLACEHOLDER, placeholder_domain="players.invalid")
        assert (claims["email"], claims["name"]) == (f"{USER_ID}@players.invalid", "Nadia K")

    @pytest.mark.parametrize("user_id", ["two words", "a@b", "Ünïcode", "x" * 65, ".x", "x.", "a..b", 'q"q'])
    def test_put_a_stable_placeholder_in_for_an_id_no_address_can_hold(self, user_id):
        claims = chat(user=SOCIAL._replace(user_id=user_id), missing_email=MissingEmail.PLACEHOLDER)
        local, _, domain = claims["email"].partition("@")
        assert (len(local), local.isalnum(), local.isascii(), domain) == (32, True, True, "users.invalid")

    @pytest.mark.parametrize("policy", list(MissingEmail))
    def test_keep_an_address_whatever_the_policy(self, policy):
        assert chat(missing_email=policy)["email"] == NADIA.email

    def test_fall_back_to_the_user_id_as_a_name(self):
        assert chat(user=SOCIAL._replace(name=""), missing_email=MissingEmail.OMIT)["name"] == USER_ID


class TestMessagingClaims:
    def test_are_exactly_the_six(self):
        assert messaging() == {
            "external_id": USER_ID,
            "scope": "user",
            "name": "nadia@player.example",
            "email": "nadia@player.example",
            "email_verified": False,
            "exp": NOW + 300,
        }

    def test_call_an_email_verified_only_when_the_admin_vouches(self):
        assert messaging(email_verified=EmailVerified.ALWAYS)["email_verified"] is True

    def test_never_call_a_placeholder_verified(self):
        claims = messaging(user=SOCIAL, email_verified=EmailVerified.ALWAYS, missing_email=MissingEmail.PLACEHOLDER)
        assert claims["email_verified"] is False

    def test_leave_both_out_without_an_email(self):
        assert set(messaging(user=SOCIAL, missing_email=MissingEmail.OMIT)) == {"external_id", "scope", "name", "exp"}


class TestZendeskJWT:
    def make(self, **changes):
        return zendesk_jwt.zendesk_jwt(user=NADIA, config=make_config(**changes), now=NOW)

    def header(self, token):
        return base64.urlsafe_b64decode(token.split(".")[0] + "==").decode()

    def test_has_the_chat_header_to_the_letter(self):
        assert self.header(self.make()) == '{"alg":"HS256","typ":"JWT"}'

    def test_is_taken_by_another_implementation(self):
        claims = jwt.decode(
            self.make(), ZENDESK_SHARED_SECRET, algorithms=["HS256"], options={"verify_exp": False, "verify_iat": False}
        )
        assert claims == chat()

    def test_is_written_in_one_order_without_blanks(self):
        payload = self.make().split(".")[1]
        assert base64.urlsafe_b64decode(payload + "==").decode() == (
            f'{{"name":"{NADIA.email}","email":"{NADIA.email}","external_id":"{USER_ID}",'
            f'"iat":{NOW},"exp":{NOW + 300}}}'
        )

    def test_names_the_key_for_messaging(self):
        token = self.make(zendesk_product=ZendeskProduct.MESSAGING, zendesk_key_id="app_1")
        assert json.loads(self.header(token)) == {"alg": "HS256", "typ": "JWT", "kid": "app_1"}

    @pytest.mark.parametrize(("changes", "reason"), [
        ({"zendesk_shared_secret": b""}, Reason.ZENDESK_SECRET),
        ({"zendesk_product": ZendeskProduct.MESSAGING, "zendesk_key_id": ""}, Reason.ZENDESK_KEY_ID),
    ])  # fmt: skip
    def test_is_refused_while_the_set_up_is_incomplete(self, changes, reason):
        with pytest.raises(Refused) as caught:
            self.make(**changes)
        assert caught.value.reason is reason


class TestMappedClaims:
    def test_stand_in_a_messaging_token_beside_its_own(self):
        claims = messaging(user=NADIA._replace(attributes=(("locale", "de"),)))
        assert claims["locale"] == "de" and claims["external_id"] == USER_ID

    @pytest.mark.parametrize("name", ["scope", "external_id", "name", "email", "email_verified", "exp"])
    def test_never_take_the_place_of_its_own(self, name):
        assert messaging(user=NADIA._replace(attributes=((name, "admin"),))) == messaging()

    def test_are_not_in_a_chat_token(self):
        claims = chat(user=NADIA._replace(attributes=(("locale", "de"),)))
        assert set(claims) == {"name", "email", "external_id", "iat", "exp"}

    @pytest.mark.parametrize(("is_chosen", "name"), [(True, "nadia"), (False, "nadia@player.example")])
    def test_put_a_chosen_name_before_the_address(self, is_chosen, name):
        claims = chat(user=NADIA._replace(is_name_chosen=is_chosen))
        assert claims["name"] == name
