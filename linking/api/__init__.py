"""HTTP edge for machines: the token route, the JSON API, health."""
