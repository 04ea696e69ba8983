"""Xsolla Login: its key sets and token checks, its users, and its OAuth 2.0 with the sign-in page."""
