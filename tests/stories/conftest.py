"""People who write by mail in the stories; each module says which `story` they are in."""

import pytest

from tests.mailbox import MIA, TOM, Mailbox
from tests.story import Story


@pytest.fixture
def mia(story: Story) -> Mailbox:
    return Mailbox(story, MIA, "Mia")


@pytest.fixture
def tom(story: Story) -> Mailbox:
    return Mailbox(story, TOM, "Tom")
