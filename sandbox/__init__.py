"""The other side of the wire: stand-ins for Xsolla Login and Zendesk Chat, and a demo shop.

A program of its own (`python -m sandbox`), in memory, standard library plus `cryptography` for RS256 keys.

    __main__.py        arguments and start
    server.py          sockets and the order of answers   (http1.py: bytes to Request, Response to bytes)
    routing.py         path templates, Call, Problem
    lucene.py          the query language of search
    box.py             everything that is alive: world, switches, faults, counters
    state.py           the imitated Zendesk account: visitors, chats, bans, and their indices
    seed.py, cast.py   worlds by number, and the small cast of a plain start
    zendesk_*.py       one file a side of Zendesk Chat: REST, export, search, small lists, OAuth, widget, older prefixes
    xsolla_login.py    Login: keys and validation (login_users.py, login_oauth.py; players.py: who can sign in)
    shop.py, pages/    the demo shop
    control.py         what a test may do to the world   (faults.py: what can be made to go wrong)
    jwt.py             its own HS256 and RS256
"""
