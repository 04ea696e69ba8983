"""The web role: how a request gets from granian to the token route or to Django, and its answer back.

`web.py` starts granian (`python -m zdbridge.serving.web`), which serves `zdbridge.rsgi`. `door.py` is the way in: it
reads bodies (`bodies.py`), builds WSGI environs (`environs.py`), applies trusted proxies (`proxies.py`) and passes
pages to their gate (`page_gate.py`). `prompt_loop.py` is the event loop it runs in.
"""
