"""Stand-ins for Xsolla Login and Zendesk, and a demo shop.

A separate program (`python -m sandbox`) that keeps all in memory. It needs the standard library and `cryptography`.

    __main__.py        arguments and start
    server.py          sockets and the order of answers   (http1.py: bytes to Request, Response to bytes)
    routing.py         path templates, Call   (problem.py: the exception for error responses)
    control.py         what a test may do to the world   (control_body.py: reads its bodies)
    jwt.py             its own HS256 and RS256
    world/             box.py: the whole state   (state.py: visitors, chats, bans; books.py: tokens, sessions, webhook)
                       seed.py: generated worlds; cast.py: the small world of a plain start
                       faults.py, spoilers.py: switches and faults; players.py: who can sign in
    zendesk/           one module for each side of Zendesk: REST, export, search, OAuth, widget, Messaging, webhook
    support/           Support of a Messaging account: people.py, users.py, cursor.py, oauth.py, limits.py, control.py …
    login/             Login: service.py (keys and validation), users.py, oauth.py
    shop/              the demo shop and its pages
"""
