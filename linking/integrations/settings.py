"""The settings of an integration, one row each: its rule, where it stands in the form, and its words there.

A new setting takes a row here, a field in `linking.models.integration`, one in `linking.core.config` that says where it
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
    """The parts of the form."""

    GENERAL = "general"
    LOGIN = "login"
    ZENDESK = "zendesk"
    ROTATION = "rotation"
    SYNC = "sync"
    PUBLISHER = "publisher"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting; `name` is the key outside and the stored field.

    `choices` are the labels by the stored word, for a setting that is a choice. `is_wide`: the box shows a long value
    whole.
    """

    name: str
    rule: Rule
    section: FormSection
    label: Text
    help: Text = ""
    choices: Mapping[str, Text] = field(default_factory=dict)
    is_wide: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretSetting:
    """One secret: `label` names its box, `remove_label` the box that removes it."""

    name: SecretName
    label: Text
    remove_label: Text


SETTINGS: tuple[Setting, ...] = (
    Setting(name="name", rule=rules.read_name, section=FormSection.GENERAL, label=_("Name")),
    Setting(
        name="enabled",
        rule=rules.read_flag,
        section=FormSection.GENERAL,
        label=_("Enabled"),
        help=_("Issue tokens and sync from Zendesk."),
    ),
    Setting(
        name="login_project_id",
        rule=rules.read_identifier,
        section=FormSection.LOGIN,
        label=_("Login project ID"),
        is_wide=True,
    ),
    Setting(
        name="login_algorithm",
        rule=rules.build_choice_rule(LoginAlgorithm),
        section=FormSection.LOGIN,
        label=_("Signature algorithm"),
        help=_("As set for the Login project in Publisher Account."),
        choices={LoginAlgorithm.HS256: _("HS256 (secret key)"), LoginAlgorithm.RS256: _("RS256 (public keys)")},
    ),
    Setting(
        name="cookie_name",
        rule=rules.read_cookie_name,
        section=FormSection.LOGIN,
        label=_("Cookie name"),
        help=_("The cookie that carries the Login JWT."),
    ),
    Setting(
        name="allowed_origins",
        rule=rules.read_origins,
        section=FormSection.LOGIN,
        label=_("Allowed origins"),
        help=_("One per line, such as https://shop.example."),
    ),
    Setting(
        name="missing_email",
        rule=rules.build_choice_rule(MissingEmail),
        section=FormSection.LOGIN,
        label=_("If the e-mail is missing"),
        choices={
            MissingEmail.REFUSE: _("Refuse the token"),
            MissingEmail.OMIT: _("Issue a token without e-mail"),
            MissingEmail.PLACEHOLDER: _("Use a placeholder address"),
        },
    ),
    Setting(
        name="placeholder_domain",
        rule=rules.read_domain,
        section=FormSection.LOGIN,
        label=_("Domain of placeholder addresses"),
    ),
    Setting(name="email_claim", rule=rules.read_claim, section=FormSection.LOGIN, label=_("Claim with the e-mail")),
    Setting(
        name="name_claim",
        rule=rules.read_claim_or_blank,
        section=FormSection.LOGIN,
        label=_("Claim with the name"),
        help=_("If empty: the e-mail, then username, then name."),
    ),
    Setting(
        name="email_lookup",
        rule=rules.read_flag,
        section=FormSection.LOGIN,
        label=_("Ask Xsolla Login for a missing e-mail"),
    ),
    Setting(
        name="mode",
        rule=rules.build_choice_rule(Mode),
        section=FormSection.LOGIN,
        label=_("Mode"),
        help=_("Observe: be as lenient as Xsolla's sample service and only count what would be refused."),
        choices={Mode.ENFORCE: _("Enforce"), Mode.OBSERVE: _("Observe")},
    ),
    Setting(
        name="zendesk_product",
        rule=rules.build_choice_rule(ZendeskProduct),
        section=FormSection.ZENDESK,
        label=_("Zendesk product"),
        choices={ZendeskProduct.CHAT: _("Chat"), ZendeskProduct.MESSAGING: _("Messaging")},
    ),
    Setting(
        name="zendesk_subdomain",
        rule=rules.read_subdomain,
        section=FormSection.ZENDESK,
        label=_("Zendesk subdomain"),
        help=_("For example, acme for acme.zendesk.com."),
    ),
    Setting(
        name="zendesk_account_key",
        rule=rules.read_identifier_or_blank,
        section=FormSection.ZENDESK,
        label=_("Zendesk account key"),
        is_wide=True,
    ),
    Setting(
        name="zendesk_key_id",
        rule=rules.read_identifier_or_blank,
        section=FormSection.ZENDESK,
        label=_("Zendesk key ID"),
        help=_("For Messaging only."),
    ),
    Setting(
        name="zendesk_api_url",
        rule=rules.read_api_url,
        section=FormSection.ZENDESK,
        label=_("Zendesk API address"),
        help=_("If empty, it is built from the subdomain. With “auto”, zdbridge finds the address that answers."),
        is_wide=True,
    ),
    Setting(
        name="zendesk_client_id",
        rule=rules.read_identifier_or_blank,
        section=FormSection.ZENDESK,
        label=_("Zendesk client ID"),
        help=_("The API client that “Connect with Zendesk” uses to get the access token."),
    ),
    Setting(
        name="email_verified",
        rule=rules.build_choice_rule(EmailVerified),
        section=FormSection.ZENDESK,
        label=_("Treat e-mail as verified"),
        help=_("For Messaging only."),
        choices={EmailVerified.NEVER: _("Never"), EmailVerified.ALWAYS: _("Always")},
    ),
    Setting(
        name="claim_map",
        rule=rules.read_claim_map,
        section=FormSection.ZENDESK,
        label=_("Further claims"),
        help=_("For Messaging only. One pair per line: vip = partner_data.vip"),
    ),
    Setting(
        name="previous_login_secret_until",
        rule=rules.read_time,
        section=FormSection.ROTATION,
        label=_("Accept the previous Login secret key until"),
        help=_("Set it together with a new Login secret key: the old key is accepted until then (your time zone)."),
    ),
    Setting(
        name="zendesk_secret_switch_at",
        rule=rules.read_time,
        section=FormSection.ROTATION,
        label=_("Switch to the next Zendesk secret at"),
        help=_(
            "The next secret signs from then on (your time zone). Zendesk knows one secret at a time, so visitors can "
            "drop for about five minutes at the switch. Choose a quiet time."
        ),
    ),
    Setting(
        name="sync_enabled",
        rule=rules.read_flag,
        section=FormSection.SYNC,
        label=_("Sync automatically"),
    ),
    Setting(
        name="sync_start",
        rule=rules.read_time,
        section=FormSection.SYNC,
        label=_("Sync start"),
        help=_("Older chats are not read (your time zone). If empty, all chats are read."),
    ),
    Setting(
        name="requests_per_minute",
        rule=rules.read_rate,
        section=FormSection.SYNC,
        label=_("Requests per minute"),
        help=_("Calls to Zendesk. The account's own limit is 200."),
    ),
    Setting(
        name="export_requests_per_minute",
        rule=rules.read_rate,
        section=FormSection.SYNC,
        label=_("Export requests per minute"),
        help=_("For Messaging only. Zendesk counts calls of its users export apart and allows 20."),
    ),
    Setting(
        name="user_id_form",
        rule=rules.build_choice_rule(UserIdForm),
        section=FormSection.SYNC,
        label=_("External IDs that are player IDs"),
        help=_("For Messaging only. Other systems write external IDs too. People with other IDs are not stored."),
        choices={
            UserIdForm.UUID: _("UUIDs, and IDs that got a token here"),
            UserIdForm.ANY: _("Every external ID"),
        },
    ),
    Setting(
        name="publisher_account_url_template",
        rule=rules.read_template,
        section=FormSection.PUBLISHER,
        label=_("Address of a player's page"),
        is_wide=True,
    ),
    Setting(name="merchant_id", rule=rules.read_digits, section=FormSection.PUBLISHER, label=_("Merchant ID")),
    Setting(name="publisher_project_id", rule=rules.read_digits, section=FormSection.PUBLISHER, label=_("Project ID")),
)
SECRETS: tuple[SecretSetting, ...] = (
    SecretSetting(
        name=SecretName.LOGIN_SECRET_KEY,
        label=_("Login secret key"),
        remove_label=_("Remove the Login secret key"),
    ),
    SecretSetting(
        name=SecretName.LOGIN_SECRET_KEY_PREVIOUS,
        label=_("Previous Login secret key"),
        remove_label=_("Remove the previous Login secret key"),
    ),
    SecretSetting(
        name=SecretName.ZENDESK_SHARED_SECRET,
        label=_("Zendesk shared secret"),
        remove_label=_("Remove the Zendesk shared secret"),
    ),
    SecretSetting(
        name=SecretName.ZENDESK_SHARED_SECRET_NEXT,
        label=_("Next Zendesk shared secret"),
        remove_label=_("Remove the next Zendesk shared secret"),
    ),
    SecretSetting(
        name=SecretName.ZENDESK_ACCESS_TOKEN,
        label=_("Zendesk access token"),
        remove_label=_("Remove the Zendesk access token"),
    ),
    SecretSetting(
        name=SecretName.ZENDESK_CLIENT_SECRET,
        label=_("Zendesk client secret"),
        remove_label=_("Remove the Zendesk client secret"),
    ),
    SecretSetting(
        name=SecretName.ZENDESK_WEBHOOK_SECRET,
        label=_("Zendesk webhook signing secret"),
        remove_label=_("Remove the Zendesk webhook signing secret"),
    ),
)
RULES: Mapping[str, Rule] = MappingProxyType({setting.name: setting.rule for setting in SETTINGS})
SECRET_NAMES = tuple(str(secret.name) for secret in SECRETS)
KEYS = (*RULES, *SECRET_NAMES)
