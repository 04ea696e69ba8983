"""Zendesk Chat as a source: the export of chats names visitors, and each is asked about one by one."""
