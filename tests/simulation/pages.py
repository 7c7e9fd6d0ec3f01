"""A page as those who work with the service have it open: it asks again, with the same key, until it is answered."""

import asyncio
import json
from collections.abc import Callable
from random import Random
from typing import Any

from multidict import CIMultiDict

from channels.wire import WireFailure, WireRequest
from tests.simulation.network import Link
from tests.simulation.provider import SERVICE_URL

PAGE_S = 12.0
TOO_MANY = 429
"""The one refusal that passes by itself."""


class Page:
    """`token` is that of whoever asks, where no request says another."""

    def __init__(self, name: str, api: Link, chance: Random, *, is_over: Callable[[], bool], token: str = "") -> None:
        self._name = name.replace(" ", "-")
        self._api = api
        self._chance = chance
        self._is_over = is_over
        self._token = token
        self.asked = 0

    async def ask(self, method: str, path: str, shape: object = None, *, token: str = "") -> Any:
        """The JSON of a 2xx answer, or None where it is not allowed now."""
        self.asked += 1
        headers = CIMultiDict({"Authorization": f"Bearer {token or self._token}"})
        if method != "GET":
            headers["Idempotency-Key"] = f"{self._name}-{self.asked}"
            headers["Content-Type"] = "application/json"
        body = b"" if shape is None else json.dumps(shape).encode()
        request = WireRequest(method, f"{SERVICE_URL}/api/v1{path}", headers, body)
        while not self._is_over():
            try:
                answer = await self._api.send(request, timeout_s=PAGE_S)
            except WireFailure:
                await asyncio.sleep(self._chance.uniform(0.5, 5))
                continue
            if answer.status < 300:
                return json.loads(answer.body)
            if 400 <= answer.status < 500 and answer.status != TOO_MANY:
                return None
            await asyncio.sleep(2)
        return None
