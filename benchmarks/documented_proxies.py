"""The proxies' configurations of deploy/proxies/, brought down to plain http on loopback to be tried."""

import re
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "deploy" / "proxies"
FILES = {"nginx": "nginx.conf", "caddy": "Caddyfile", "haproxy": "haproxy.cfg"}
# The ports of the two web roles in the files.
SHIPPED_PORTS = (8001, 8002)
# Arguments before the file's name: to look at it only, and to run with it.
CHECK = {
    "nginx": ("-t", "-c"),
    "caddy": ("adapt", "--adapter", "caddyfile", "--config"),
    "haproxy": ("-c", "-f"),
}
RUN = {
    "nginx": ("-g", "daemon off; error_log stderr warn;", "-c"),
    "caddy": ("run", "--adapter", "caddyfile", "--config"),
    "haproxy": ("-db", "-f"),
}


def write(name: str, *, folder: Path, port: int, bridge_ports: tuple[int, int]) -> Path:
    """Write the configuration of a proxy that listens on `port` into a folder of its own, and return the file."""
    home = folder / name
    home.mkdir()
    text = read_shipped(name)
    for shipped, used in zip(SHIPPED_PORTS, bridge_ports, strict=True):
        text = text.replace(f"127.0.0.1:{shipped}", f"127.0.0.1:{used}")
    file = home / "configuration"
    file.write_text({"nginx": _nginx, "caddy": _caddy, "haproxy": _haproxy}[name](text, port=port, home=home))
    return file


def read_shipped(name: str) -> str:
    """Return the configuration that is shipped for a proxy."""
    return (FOLDER / FILES[name]).read_text(encoding="utf-8")


def _nginx(text: str, *, port: int, home: Path) -> str:
    text = text.replace("listen 443 ssl;", f"listen 127.0.0.1:{port};")
    text = re.sub(r"\n *(ssl_\w+|server_name)[^\n]*", "", text)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    folders = "".join(f"{kind}_temp_path {home}/{kind};\n" for kind in kinds)
    around = f"worker_processes 1;\npid {home}/pid;\nevents {{ worker_connections 2048; }}\n"
    return f"{around}http {{\naccess_log off;\n{folders}{text}\n}}\n"


def _caddy(text: str, *, port: int, home: Path) -> str:
    text = text.replace("{$ZDBRIDGE_NAME:chat.example.com} {", f"http://127.0.0.1:{port} {{", 1)
    head, brace, rest = text.partition("{\n")
    return f"{head}{brace}\tadmin off\n\tauto_https off\n\tstorage file_system {home}/kept\n{rest}"


def _haproxy(text: str, *, port: int, home: Path) -> str:  # noqa: ARG001 - it writes nothing
    return re.sub(r"bind :443 ssl crt \S+", f"bind 127.0.0.1:{port}", text)
