"""What a browser says it is, in two words: `Firefox|Linux`. Hostile text becomes one of the listed words or none."""

import ipaddress

# The first that is named counts: many claim to be others too.
_BROWSERS = (
    ("Edg", "Edge"), ("OPR/", "Opera"), ("Vivaldi", "Vivaldi"), ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"), ("FxiOS", "Firefox"), ("CriOS", "Chrome"), ("Chrome", "Chrome"), ("Safari", "Safari"),
)  # fmt: skip
_SYSTEMS = (
    ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("CrOS", "ChromeOS"), ("Windows", "Windows"),
    ("Mac OS X", "macOS"), ("Linux", "Linux"),
)  # fmt: skip
READ_MAX_CHARACTERS = 500


def name_device(user_agent: str) -> str:
    """Return `browser|system` for a browser's own description, each "" where it is none of those known."""
    text = user_agent[:READ_MAX_CHARACTERS]
    browser = next((word for mark, word in _BROWSERS if mark in text), "")
    system = next((word for mark, word in _SYSTEMS if mark in text), "")
    return f"{browser}|{system}"


def name_network(address: str) -> str:
    """Return the network of an address, which says where about somebody is and not who: `192.0.2.x`; "" for none."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is None:
            return str(ipaddress.ip_network((found, 48), strict=False).network_address) + "x"
        found = found.ipv4_mapped
    return f"{str(found).rpartition('.')[0]}.x"
