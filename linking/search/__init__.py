"""Search: finds visitors and Login users, the same way for pages, the JSON API and exports.

`parse_query` reads a searched text; `find` takes the `Query` and returns lists, pages, counts or one record. `narrow`
and `recent` filter and count visitors, `link_rates` counts them by day, `chat_weeks` a player's chats by week,
`history` reads a record's links and conflicts, `saved_views` keeps filters.
"""

from linking.search import chat_weeks, find, history, link_rates, narrow, pages, recent, saved_views, shown_rows
from linking.search.find import Count, UnknownFilter
from linking.search.history import ChatPlace
from linking.search.keyset import BadKeyset, Keyset, decode_keyset, encode_keyset
from linking.search.query import Query, QueryKind, parse_query

__all__ = [
    "BadKeyset", "ChatPlace", "Count", "Keyset", "Query", "QueryKind", "UnknownFilter", "chat_weeks", "decode_keyset",
    "encode_keyset", "find", "history", "link_rates", "narrow", "pages", "parse_query", "recent", "saved_views",
    "shown_rows",
]  # fmt: skip
