import pytest

from tests.sandbox.client import Client
from tests.sandbox.support.calls import Support


@pytest.fixture
def support(client: Client) -> Support:
    """Forty people: twenty with a UUID, five agents, fifteen without an external ID."""
    client.control("seed", support_users=20, support_agents=5, support_without_id=15, seed=1)
    return Support(client)
