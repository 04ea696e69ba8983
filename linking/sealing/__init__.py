"""Everything that rests sealed: where it is (`places`), which key holds it (`standing`), and its move to the newest key
(`rewrap`)."""

from linking.sealing import places, rewrap, standing

__all__ = ["places", "rewrap", "standing"]
