"""A browser with the Messaging widget open."""

from typing import Any

from sandbox.world.box import Box
from tests.sandbox.client import Answer, Client
from tests.sandbox.zendesk.test_messaging import token_of


class Browser:
    """Keeps the widget's cookie."""

    def __init__(self, client: Client, box: Box) -> None:
        self.client, self.box, self.cookie = client, box, ""

    def call(self, method: str, path: str, body: Any = None) -> Answer:
        headers = {"Cookie": self.cookie} if self.cookie else {}
        answer = self.client.call(method, f"/messaging/{path}", body, headers)
        if answer.cookies:
            self.cookie = answer.cookies[0].split(";")[0]
        return answer

    def post(self, path: str, **body: Any) -> Any:
        answer = self.call("POST", path, body)
        assert answer.status in (200, 201), answer.body
        return answer.json()

    def connect(self) -> Any:
        return self.post("connect")

    def log_in(self, user_id: str = "p-1", **claims: Any) -> Any:
        return self.post("login", jwt=token_of(self.box, user_id, **claims))

    def try_to_log_in(self, user_id: str, **claims: Any) -> Answer:
        return self.call("POST", "login", {"jwt": token_of(self.box, user_id, **claims)})

    def write(self, text: str = "Hello") -> Any:
        return self.post("messages", text=text)

    def read(self) -> Any:
        return self.call("GET", "messages").json()
