"""Zendesk Support as a source, for accounts on Messaging: one feed of changed users says who everybody is.

`read_users` reads the feed, `ask_awaited` asks for players who just got a token, `read_changed` reads users again by
ID, `fetch_token` brings the access token. `people` stores whom they found, `spellings` what a user ID is called.
"""
