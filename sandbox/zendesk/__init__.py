"""Zendesk: Chat's REST API, OAuth and widget, the judges of visitors' JWTs, and Support's webhook."""
