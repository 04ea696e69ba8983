"""Sunshine Conversations of the Messaging account: users and conversations by `service`, webhooks by `hook`."""
