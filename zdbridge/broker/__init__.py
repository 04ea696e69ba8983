"""The broker of an installation without Redis: messages are files below one folder, and Celery reads them.

`folder_queue.py` keeps the files, `folder_broker.py` offers them to Celery as a kombu transport.
"""
