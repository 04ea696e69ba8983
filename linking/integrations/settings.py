"""The settings of an integration, one row each: rule, section of the form, label and help text.

A new setting needs a row here, a field in `linking.models.integration`, one in `linking.core.config` that says where it
is stored, and a line in docs/settings.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from linking.core.config import (
    EmailVerified,
    LoginAlgorithm,
    MissingEmail,
    Mode,
    SecretName,
    UserIdForm,
    ZendeskProduct,
)
from linking.integrations import rules
from linking.integrations.rules import Rule

Text = str | Promise


class FormSection(StrEnum):
    """The sections of the form."""

    GENERAL = "general"
    LOGIN = "login"
    ZENDESK = "zendesk"
    ROTATION = "rotation"
    SYNC = "sync"
    PANEL = "panel"
    PUBLISHER = "publisher"


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting; `name` is its key and its field in the table.

    `choices`: the labels by the stored word, for a choice. `is_wide`: the box is wide enough for a long value.
    """

    name: str
    rule: Rule
    section: FormSection
    label: Text
    help: Text = ""
    choices: Mapping[str, Text] = field(default_factory=dict)
    is_wide: bool = False


@dataclass(frozen=True, slots=True)
class SecretSetting:
    """One secret; `label` is for its box, `remove_label` for the box that removes it."""

    name: SecretName
    label: Text
    remove_label: Text


PRODUCT_HELP = _(
    "How to tell which product the account uses: in Admin Center, Channels lists Messaging for Messaging, or Chat with "
    "Web Widget (Classic) for Chat."
)
SETTINGS: tuple[Setting, ...] = (
    Setting("name", rules.read_name, FormSection.GENERAL, _("Name")),
    Setting("enabled", rules.read_flag, FormSection.GENERAL, _("Enabled"),
        help=_("Issue tokens and sync from Zendesk.")),
    Setting("login_project_id", rules.read_identifier, FormSection.LOGIN, _("Login project ID"), is_wide=True),
    Setting("login_algorithm", rules.build_choice_rule(LoginAlgorithm), FormSection.LOGIN, _("Signature algorithm"),
        help=_("As set for the Login project in Publisher Account."),
        choices={LoginAlgorithm.HS256: _("HS256 (secret key)"), LoginAlgorithm.RS256: _("RS256 (public keys)")}),
    Setting("cookie_name", rules.read_cookie_name, FormSection.LOGIN, _("Cookie name"),
        help=_("The cookie that carries the Login JWT.")),
    Setting("allowed_origins", rules.read_origins, FormSection.LOGIN, _("Allowed origins"),
        help=_("One per line, such as https://shop.example.")),
    Setting("missing_email", rules.build_choice_rule(MissingEmail), FormSection.LOGIN, _("If the e-mail is missing"),
        choices={MissingEmail.REFUSE: _("Refuse the token"), MissingEmail.OMIT: _("Issue a token without e-mail"),
                 MissingEmail.PLACEHOLDER: _("Use a placeholder address")}),
    Setting("placeholder_domain", rules.read_domain, FormSection.LOGIN, _("Domain of placeholder addresses")),
    Setting("email_claim", rules.read_claim, FormSection.LOGIN, _("Claim with the e-mail")),
    Setting("name_claim", rules.read_claim_or_blank, FormSection.LOGIN, _("Claim with the name"),
        help=_("If empty: the e-mail, then username, then name.")),
    Setting("email_lookup", rules.read_flag, FormSection.LOGIN, _("Ask Xsolla Login for a missing e-mail")),
    Setting("mode", rules.build_choice_rule(Mode), FormSection.LOGIN, _("Mode"),
        help=_("Observe: be as lenient as Xsolla's sample service and only count what would be refused."),
        choices={Mode.ENFORCE: _("Enforce"), Mode.OBSERVE: _("Observe")}),
    Setting("zendesk_product", rules.build_choice_rule(ZendeskProduct), FormSection.GENERAL, _("Chat or Messaging?"),
        help=PRODUCT_HELP, choices={ZendeskProduct.CHAT: _("Chat"), ZendeskProduct.MESSAGING: _("Messaging")}),
    Setting("zendesk_subdomain", rules.read_subdomain, FormSection.ZENDESK, _("Zendesk subdomain"),
        help=_("For example, acme for acme.zendesk.com.")),
    Setting("zendesk_account_key", rules.read_identifier_or_blank, FormSection.ZENDESK, _("Zendesk account key"),
        is_wide=True),
    Setting("zendesk_key_id", rules.read_identifier_or_blank, FormSection.ZENDESK, _("Zendesk key ID"),
        help=_("For Messaging only.")),
    Setting("zendesk_api_url", rules.read_api_url, FormSection.ZENDESK, _("Zendesk API address"),
        help=_("If empty, it is built from the subdomain. With “auto”, zdbridge finds the address that answers."),
        is_wide=True),
    Setting("zendesk_client_id", rules.read_identifier_or_blank, FormSection.ZENDESK, _("Zendesk client ID"),
        help=_("For Chat: the API client that “Connect with Zendesk” uses to get the access token. For Messaging: a "
               "confidential OAuth client that an admin made in Admin Center.")),
    Setting("email_verified", rules.build_choice_rule(EmailVerified), FormSection.ZENDESK,
        _("Treat e-mail as verified"), help=_("For Messaging only."),
        choices={EmailVerified.NEVER: _("Never"), EmailVerified.ALWAYS: _("Always")}),
    Setting("claim_map", rules.read_claim_map, FormSection.ZENDESK, _("Further claims"),
        help=_("For Messaging only. One pair per line: vip = partner_data.vip")),
    Setting("previous_login_secret_until", rules.read_time, FormSection.ROTATION,
        _("Accept the previous Login secret key until"),
        help=_("Set it together with a new Login secret key: the old key is accepted until then (your time zone).")),
    Setting("zendesk_secret_switch_at", rules.read_time, FormSection.ROTATION,
        _("Switch to the next Zendesk secret at"),
        help=_("The next secret signs from then on (your time zone). Zendesk knows one secret at a time, so visitors "
               "can drop for about five minutes at the switch. Choose a quiet time.")),
    Setting("sync_enabled", rules.read_flag, FormSection.SYNC, _("Sync automatically")),
    Setting("sync_start", rules.read_time, FormSection.SYNC, _("Sync start"),
        help=_("Older chats are not read (your time zone). If empty, all chats are read.")),
    Setting("requests_per_minute", rules.read_rate, FormSection.SYNC, _("Requests per minute"),
        help=_("Calls to Zendesk. The account's own limit is 200.")),
    Setting("export_requests_per_minute", rules.read_rate, FormSection.SYNC, _("Export requests per minute"),
        help=_("For Messaging only. Zendesk counts calls of its users export apart and allows 20.")),
    Setting("user_id_form", rules.build_choice_rule(UserIdForm), FormSection.SYNC,
        _("External IDs that are player IDs"),
        help=_("For Messaging only. Other systems write external IDs too. People with other IDs are not stored."),
        choices={UserIdForm.UUID: _("UUIDs, and IDs that got a token here"), UserIdForm.ANY: _("Every external ID")}),
    Setting("zendesk_app_public_key", rules.read_app_public_key, FormSection.PANEL, _("Public key of the Zendesk app"),
        help=_("A PEM text, for everybody to read. Zendesk answers it at /api/v2/apps/APP_ID/public_key.")),
    Setting("zendesk_app_audience", rules.read_app_audience, FormSection.PANEL, _("Installation of the Zendesk app"),
        help=_("https://acme.zendesk.com/api/v2/apps/installations/123456.json, with the number of your installation."),
        is_wide=True),
    Setting("publisher_account_url_template", rules.read_template, FormSection.PUBLISHER,
        _("Address of a player's page"), is_wide=True),
    Setting("merchant_id", rules.read_digits, FormSection.PUBLISHER, _("Merchant ID")),
    Setting("publisher_project_id", rules.read_digits, FormSection.PUBLISHER, _("Project ID")),
)  # fmt: skip
SECRETS: tuple[SecretSetting, ...] = (
    SecretSetting(SecretName.LOGIN_SECRET_KEY, _("Login secret key"), _("Remove the Login secret key")),
    SecretSetting(SecretName.LOGIN_SECRET_KEY_PREVIOUS, _("Previous Login secret key"),
        _("Remove the previous Login secret key")),
    SecretSetting(SecretName.ZENDESK_SHARED_SECRET, _("Zendesk shared secret"), _("Remove the Zendesk shared secret")),
    SecretSetting(SecretName.ZENDESK_SHARED_SECRET_NEXT, _("Next Zendesk shared secret"),
        _("Remove the next Zendesk shared secret")),
    SecretSetting(SecretName.ZENDESK_ACCESS_TOKEN, _("Zendesk access token"), _("Remove the Zendesk access token")),
    SecretSetting(SecretName.ZENDESK_CLIENT_SECRET, _("Zendesk client secret"), _("Remove the Zendesk client secret")),
    SecretSetting(SecretName.ZENDESK_WEBHOOK_SECRET, _("Zendesk webhook signing secret"),
        _("Remove the Zendesk webhook signing secret")),
)  # fmt: skip
RULES: Mapping[str, Rule] = MappingProxyType({setting.name: setting.rule for setting in SETTINGS})
SECRET_NAMES = tuple(str(secret.name) for secret in SECRETS)
KEYS = (*RULES, *SECRET_NAMES)
