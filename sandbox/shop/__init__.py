"""The demo shop: a partner's site, its pages beside it."""
