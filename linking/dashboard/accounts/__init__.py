"""Pages about the person who is signed in: administrator links, own password, time zone, theme."""
