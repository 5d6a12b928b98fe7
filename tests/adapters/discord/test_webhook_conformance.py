"""An account that is a webhook passes the suite of every adapter, as far as it can do anything."""

import pytest
from typing_extensions import override
from webhook_world import WebhookWorld

from greenroom_adapters.testing import AdapterConformance, World


class TestWebhook(AdapterConformance):
    """The suite; its world comes from the fixture of that name."""

    @pytest.fixture
    @override
    def world(self, webhook_world: WebhookWorld) -> World:
        return webhook_world
