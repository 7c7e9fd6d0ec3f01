"""A story that many rows can ask, for rows that change nothing."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.story import Story


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lists() -> AsyncIterator[Story]:
    async with Story() as story:
        await story.phone().texts("hello")
        yield story
