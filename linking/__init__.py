"""zdbridge's application: which Zendesk Chat visitor is which Xsolla Login user.

The two things it does are visible here by name: `tokens.py` (Login JWT in, Zendesk JWT out) and `sync.py` (Zendesk
read, links kept). Imports go down only, never within a row, and tests/test_layers.py holds them to it:

    apps | migrations                  where Django begins
    management                         the command line
    api | dashboard | admin | checks   the HTTP edges, and what is told at start
    templatetags                       … and what their templates ask
    tasks                              the Celery edge
    tokens | sync | refresh | unknown_visitors | webhooks | integrations | finding | health | doctor | background
    conflicts | alarms | drift         deciding what disagrees, telling of trouble, inferring what changed there
    asking                             one paced conversation with Zendesk
    registry | key_sets | email_lookup | verified_tokens | sightings | answer_log
    clock_meter | limits | roles | store
    models | zendesk_chat | zendesk_oauth | xsolla_login
    outbound | mail                    the only ways out: over HTTP, and to the mail server
    fields | waiting
    core                               plain Python: values in, values out
"""
