"""The sandbox over HTTP, in the folders of its modules.

Modules without a test file of their own are tested where they answer: routing by test_server, spoilers by
world/test_faults, players by login/test_service and login/test_oauth, state by zendesk/test_chat and
zendesk/test_export, legacy by zendesk/test_chat. test_published_shapes holds all services to published samples.
"""
