"""The only ways out: the two vendors over HTTP, each in one module, all through the guarded call of `outbound`."""

__all__ = [
    "oauth_messages", "outbound", "retry_after", "support_records", "vendor_urls", "xsolla_login", "zendesk_api",
    "zendesk_chat", "zendesk_oauth", "zendesk_records", "zendesk_support",
]  # fmt: skip
