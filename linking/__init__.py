"""zdbridge's application: which Zendesk Chat visitor is which Xsolla Login user.

The two things it does are visible here by name: `tokens.py` (Login JWT in, Zendesk JWT out) and `sync.py` (Zendesk
read, links kept). Imports go down only, never within a row, and tests/test_layers.py holds them to it:

    management
    api | dashboard | admin            the HTTP edges
    tasks                              the Celery edge
    tokens | sync | refresh | integrations | finding | health | doctor
    asking                             paced, patient calls to Zendesk
    registry | sightings | limits | roles | store      store: leases, slots, schedule, runs, plans into rows
    models | zendesk_chat | xsolla_login
    outbound                           the one guarded way out
    fields
    core                               plain Python
"""
