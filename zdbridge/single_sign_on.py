"""Reads how people sign in: the OpenID Connect issuer and its groups, who keeps a password, who needs a factor."""

from typing import Any

from zdbridge.env import BadSetting, Environment, clip

OUR_GROUPS = ("agents", "leads", "admins", "developers")
_SCOPES = ("openid", "profile", "email")
_OTHERS = (
    "ZDBRIDGE_OIDC_CLIENT_ID", "ZDBRIDGE_OIDC_CLIENT_SECRET", "ZDBRIDGE_OIDC_GROUPS_CLAIM", "ZDBRIDGE_OIDC_GROUPS",
    "ZDBRIDGE_OIDC_SCOPES", "ZDBRIDGE_OIDC_MFA", "ZDBRIDGE_EMERGENCY_ACCOUNTS",
)  # fmt: skip


def read_single_sign_on(env: Environment) -> dict[str, Any] | None:
    """Return the issuer and what is known of it, None where no issuer is set.

    Raises: BadSetting.
    """
    issuer = env.read_url("ZDBRIDGE_OIDC_ISSUER", default="", schemes=("https", "http"))
    read = {
        "issuer": issuer,
        "client_id": env.read_text("ZDBRIDGE_OIDC_CLIENT_ID"),
        "client_secret": env.read_text("ZDBRIDGE_OIDC_CLIENT_SECRET"),
        "groups_claim": env.read_text("ZDBRIDGE_OIDC_GROUPS_CLAIM", default="groups"),
        "groups": _read_groups(env),
        "scopes": env.read_words("ZDBRIDGE_OIDC_SCOPES", default=_SCOPES),
        "mfa_values": env.read_words("ZDBRIDGE_OIDC_MFA", default=("mfa",)),
        "emergency_accounts": env.read_words("ZDBRIDGE_EMERGENCY_ACCOUNTS"),
    }
    if not issuer:
        _refuse_lone(env)
        return None
    if not (read["client_id"] and read["client_secret"]):
        raise BadSetting("ZDBRIDGE_OIDC_ISSUER needs ZDBRIDGE_OIDC_CLIENT_ID and ZDBRIDGE_OIDC_CLIENT_SECRET too.")
    if "openid" not in read["scopes"]:
        raise BadSetting("ZDBRIDGE_OIDC_SCOPES must contain openid.")
    return read


def read_groups_with_factor(env: Environment) -> tuple[str, ...]:
    """Return whose members must use a second factor: `1` means `admins`, `0` nobody.

    Raises: BadSetting.
    """
    words = env.read_words("ZDBRIDGE_REQUIRE_MFA")
    if len(words) <= 1:
        known = {"": (), "0": (), "false": (), "1": ("admins",), "true": ("admins",)}
        found = known.get(words[0].lower() if words else "")
        if found is not None:
            return found
    if not set(words) <= set(OUR_GROUPS):
        raise BadSetting(
            f"ZDBRIDGE_REQUIRE_MFA must be 1, 0 or a list of {', '.join(OUR_GROUPS)}, not “{clip(','.join(words))}”."
        )
    return words


def _read_groups(env: Environment) -> dict[str, str]:
    """Return which of our groups each group of the issuer means; by itself, each of ours means itself."""
    words = (word.rpartition(":") for word in env.read_words("ZDBRIDGE_OIDC_GROUPS"))
    pairs = [(theirs.strip(), colon, ours.strip()) for theirs, colon, ours in words]
    for theirs, _colon, ours in pairs:
        if not theirs or ours not in OUR_GROUPS:
            raise BadSetting(
                "ZDBRIDGE_OIDC_GROUPS must list pairs such as support-leads:leads, with agents, leads, admins or "
                f"developers after the colon, not “{clip(f'{theirs}:{ours}')}”."
            )
    return {theirs: ours for theirs, _colon, ours in pairs} or {name: name for name in OUR_GROUPS}


def _refuse_lone(env: Environment) -> None:
    lone = [name for name in _OTHERS if env.read_text(name)]
    if lone:
        raise BadSetting(f"{lone[0]} is set without ZDBRIDGE_OIDC_ISSUER, the address of the issuer.")
