"""zdbridge's application: which Zendesk Chat visitor is which Xsolla Login user.

The two things it does are visible here by name: `tokens.py` (Login JWT in, Zendesk JWT out) and `sync.py` (Zendesk
read, links kept). Imports go down only, never within a row, and tests/test_layers.py holds them to it:

    management
    api | dashboard | admin            the HTTP edges
    tasks                              the Celery edge
    tokens | sync | integrations | finding | health | doctor
    registry | sightings | limits
    models | zendesk_chat | xsolla_login
    fields
    core                               plain Python
"""
