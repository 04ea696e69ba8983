"""The first visits of a demo: players take Zendesk JWTs from the bridge before anybody looks at its dashboard.

Mira is known to both products, Jonas took a token for Messaging only, and Tove's Support user has no external ID.
"""

from __future__ import annotations

import http.client
import time
from urllib.parse import urlsplit

from sandbox.world.box import Box
from sandbox.world.cast import LINKED, TOVE, build_user_id
from sandbox.world.players import Player

MIRA, JONAS = 0, 1
LONGEST_S = 120.0


def make_first_visits(box: Box) -> None:
    """Take the tokens as soon as the bridge answers; one that it refuses is left."""
    messaging = f"/{box.config.messaging_slug}"
    end_s = time.monotonic() + LONGEST_S
    for place, path in ((MIRA, ""), (MIRA, messaging), (JONAS, messaging), (TOVE, messaging)):
        while not _is_answered(box, place=place, path=path) and time.monotonic() < end_s:
            time.sleep(0.5)


def _is_answered(box: Box, *, place: int, path: str) -> bool:
    """Ask the bridge for a token as one of the cast; return whether it answered."""
    name, email = LINKED[place]
    player = Player(name, name, "", build_user_id(place), "xsolla_login", name, email, name)
    with box.lock:
        login_jwt = box.login.mint(player=player, now_s=box.clock())
    parts = urlsplit(box.config.bridge)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=5)
    try:
        connection.request("GET", f"/generate/token{path}", headers={"Authorization": f"Bearer {login_jwt}"})
        connection.getresponse().read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True
