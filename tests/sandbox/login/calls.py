"""What the tests of Login share: addresses, credentials, and the calls that get a token."""

from sandbox.world.players import RS256_PROJECT_ID
from tests.sandbox.client import Client

API = "/login/api"
HS256_PROJECT_ID = "b7a1d0e2-5c3f-4e0a-8b7d-2f9c1a6e4d10"
USERS = f"{API}/projects/{HS256_PROJECT_ID}/users"
RS256 = f"{API}/projects/{RS256_PROJECT_ID}"
SERVER = {
    "grant_type": "client_credentials",
    "client_id": "40001",
    "client_secret": "sandbox-server-client-secret-not-real",
}


def login_jwt(client: Client, player: str = "nadia", **claims: object) -> str:
    return client.control("login_jwt", player=player, claims=claims)["token"]


def server_headers(client: Client) -> dict[str, str]:
    return {"X-SERVER-AUTHORIZATION": client.form(f"{API}/oauth2/token", SERVER).json()["access_token"]}


def validate(client: Client, token: object) -> tuple[int, str]:
    answer = client.call("POST", f"{API}/token/validate", {"token": token})
    return answer.status, answer.json()["error"]["code"] if answer.body else ""
