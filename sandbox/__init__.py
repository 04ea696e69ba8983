"""The other side of the wire: stand-ins for Xsolla Login and Zendesk Chat, and a demo shop.

A program of its own (`python -m sandbox`), in memory, standard library plus `cryptography` for RS256 keys.

    __main__.py        arguments and start
    server.py          sockets and the order of answers   (http1.py: bytes to Request, Response to bytes)
    routing.py         path templates, Call   (problem.py: what a handler raises instead of answering)
    control.py         what a test may do to the world
    jwt.py             its own HS256 and RS256
    world/             box.py: everything that is alive   (state.py: the account; books.py: the rest that is remembered)
                       seed.py, cast.py: worlds by number, and the small cast of a plain start
                       faults.py, spoilers.py: what can be made to go wrong; players.py: who can sign in
    zendesk/           one file a side of Zendesk: REST, export, search, small lists, OAuth, widget, Messaging, webhook
    login/             Login: service.py (keys and validation), users.py, oauth.py
    shop/              the demo shop and its pages
"""
