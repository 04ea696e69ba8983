"""HTTP edge for people: the pages."""
