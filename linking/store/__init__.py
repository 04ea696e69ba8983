"""Where the sync's plans become rows: one transaction a page or batch, under a lease, with cursor and counts.

Rows that a plan leaves alone are not written, so that a pass over unchanged data changes nothing.

    leases.py     who may work alone, with a token that fences off stale workers
    connections.py  connections with Zendesk, and tokens that work once
    hosts.py      which of two addresses of an account answered
    slots.py      when the next call to a Zendesk account may leave
    runs.py       what each pass did, and the place it reached
    set_aside.py  records that could not be read, until they can be
    steering.py   what people asked of the sync: rest, stop, read again from a date
    apart.py      visitors and users that people keep apart
    chores.py     what is done once in a while
    bans.py       who is banned
    rows.py       a visitor's row and its facts
    statistics.py what PostgreSQL believes about tables that a pass fills
    pages.py      one page of the export
    lookups.py    who is to be asked about next
    answers.py    one batch of visitor answers: links, their ends, what disagrees
"""
