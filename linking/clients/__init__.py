"""The only ways out: the two vendors and the issuer over HTTP, each in one module, through the guard of `outbound`."""

__all__ = [
    "oauth_messages", "openid_issuer", "outbound", "retry_after", "support_records", "traffic", "vendor_urls",
    "xsolla_login",
    "zendesk_api", "zendesk_chat", "zendesk_oauth", "zendesk_records", "zendesk_support",
]  # fmt: skip
