"""The people who work here: what belongs to one person, their second factors at rest, and the audit of their deeds."""
