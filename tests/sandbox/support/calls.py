"""Calls on the imitated Support account, as the client that its admin made."""

import json
from typing import Any

from tests.sandbox.client import Answer, Client

API = "/support/api/v2"
TOKENS = "/support/oauth/tokens"
CLIENT = {"client_id": "sandbox-support-client", "client_secret": "sandbox-support-client-secret-not-real"}
START = 1_767_312_000  # the first second of a seeded world


def grant(client: Client, **fields: Any) -> Answer:
    """The answer of the token endpoint."""
    return client.call("POST", TOKENS, {"grant_type": "client_credentials", "scope": "read", **CLIENT, **fields})


class Support:
    """Calls with a token of the given scope."""

    def __init__(self, client: Client, *, scope: str = "read") -> None:
        self.client = client
        self.token = grant(client, scope=scope).json()["access_token"]

    def call(self, path: str, headers: dict[str, str] | None = None, **query: Any) -> Answer:
        sent = {"Authorization": f"Bearer {self.token}"} | (headers or {})
        return self.client.call("GET", API + path, None, sent, **query)

    def get(self, path: str, **query: Any) -> Any:
        """The JSON of a successful read."""
        answer = self.call(path, **query)
        assert answer.status == 200, answer.body
        return answer.json()

    def follow(self, url: str) -> Any:
        """The JSON behind an absolute URL that the sandbox gave."""
        path = url.split(API, 1)[1]
        return self.get(path)

    def read_feed(self, *, start_time: int = START, **query: Any) -> list[dict[str, Any]]:
        """All users of the feed, page by page to its end."""
        page = self.get("/incremental/users/cursor", start_time=start_time, **query)
        users = page["users"]
        while not page["end_of_stream"]:
            page = self.follow(page["after_url"])
            users += page["users"]
        return users


def read_error(answer: Answer) -> tuple[int, Any]:
    """Status and error word."""
    return answer.status, json.loads(answer.body)["error"]
