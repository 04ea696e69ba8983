"""Where the sync's plans become rows: one transaction for each page or batch, under a lease, with cursor and counts.

Rows that a plan leaves alone are not written, so that a pass over unchanged data changes nothing.
"""
