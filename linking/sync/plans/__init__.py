"""What the sync decides, as plans: records in, changes out. No clock, no database, no HTTP.

`seen_visitors` decides what a page of the export adds, `lookup_priority` whom to ask about and how urgently,
`reread_times` how often again, `visitor_states` who is linked, anonymous or gone, `conflict_rules` what is a conflict.
A link rests on the carried user ID alone; an e-mail address only makes a lookup urgent or raises a conflict.
"""
