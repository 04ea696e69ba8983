"""zdbridge's application: which Zendesk visitor is which Xsolla Login user.

Each feature is a room: `tokens/` (Login JWT in, Zendesk JWT out), `sync/` (Zendesk read, links kept), `doctor/` (why a
token is refused), `integrations/` (settings and secrets), `conflicts/`, `search/`, `panel/` (inside Zendesk),
`privacy/` (export, erasure, retention) and `monitoring/`. Imports go down only, never within a row, and
tests/test_layers.py holds them to it:

    apps | migrations                                  where Django begins
    management                                         the command line
    api | dashboard | admin | checks                   the HTTP edges, and what is checked at start
    tasks | background                                 the Celery edge, and the threads beside the endpoint
    notes | privacy
    integrations | doctor | search | conflicts | panel
    sync
    monitoring
    tokens
    accounts | keeping | limits | queue | registry |   who may sign in, who is kept, how often, what is queued,
    sealing                                            settings in memory, what rests under which seal key
    models                                             the tables
    clients | fields                                   the two vendors over HTTP; sealed columns
    core                                               plain values that every room shares
"""
