"""The proxies' configurations of docs/running.md, brought down to plain http on loopback to be tried."""

import re
from pathlib import Path

RUNNING = Path(__file__).resolve().parent.parent / "docs" / "running.md"
# What a configuration's first line calls it.
TITLES = {"nginx": "nginx", "caddy": "Caddyfile", "haproxy": "haproxy"}
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


def write(name: str, *, folder: Path, port: int, bridge_port: int) -> Path:
    """Write the configuration of a proxy that listens on `port` into a folder of its own, and return the file."""
    home = folder / name
    home.mkdir()
    text = find_documented(name).replace("127.0.0.1:8000", f"127.0.0.1:{bridge_port}")
    file = home / "configuration"
    file.write_text({"nginx": _nginx, "caddy": _caddy, "haproxy": _haproxy}[name](text, port=port, home=home))
    return file


def find_documented(name: str) -> str:
    """Return the configuration that docs/running.md shows for a proxy."""
    found = re.search(rf"```\w*\n(# {TITLES[name]}\b.*?)```", RUNNING.read_text(), re.S)
    if found is None:
        raise LookupError(f"docs/running.md shows no configuration for {name}.")
    return found[1]


def _nginx(text: str, *, port: int, home: Path) -> str:
    text = text.replace("listen 443 ssl;", f"listen 127.0.0.1:{port};")
    text = re.sub(r"\n *(ssl_certificate|server_name)[^\n]*", "", text)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    folders = "".join(f"{kind}_temp_path {home}/{kind};\n" for kind in kinds)
    around = f"worker_processes 1;\npid {home}/pid;\nevents {{ worker_connections 2048; }}\n"
    return f"{around}http {{\naccess_log off;\n{folders}{text}\n}}\n"


def _caddy(text: str, *, port: int, home: Path) -> str:
    text = text.replace("chat.example.com {", f"http://127.0.0.1:{port} {{", 1)
    head, brace, rest = text.partition("{\n")
    return f"{head}{brace}\tadmin off\n\tauto_https off\n\tstorage file_system {home}/kept\n{rest}"


def _haproxy(text: str, *, port: int, home: Path) -> str:  # noqa: ARG001 - it writes nothing
    return re.sub(r"bind :443 ssl crt \S+", f"bind 127.0.0.1:{port}", text)
