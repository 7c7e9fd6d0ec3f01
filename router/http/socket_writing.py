"""Frames to a WebSocket, and the end of whoever does not read them.

Its one rule: nobody is waited for longer than `within_s`, and a clock for that is set only where there is a wait.
"""

import asyncio

from aiohttp import web

EASY_BYTES = 16_000
"""With no more than this in its buffer a transport makes no writer wait (asyncio resumes writers at 16 KiB)."""


async def write(socket: web.WebSocketResponse, request: web.BaseRequest, frame: str, *, within_s: float) -> None:
    """Send a frame. Raises TimeoutError where the other side does not read, and ConnectionError where it is gone."""
    transport = request.transport
    if transport is not None and transport.get_write_buffer_size() <= EASY_BYTES:
        await socket.send_str(frame)
        return
    async with asyncio.timeout(within_s):
        await socket.send_str(frame)
