"""`onecase demo`, as whoever just cloned it runs it: one command, a story that comes true, pages to open, no trace."""

import re
import signal
from pathlib import Path

import aiohttp
import pytest

from tests.story.processes import Process
from tests.story.wire import free_port

FIRST = "My thermostat shows E42 and the flat is cold"
SECOND = "found the fuse, it's on, still E42"


async def test_one_command_plays_the_story_and_leaves_no_trace(tmp_path: Path) -> None:
    """The timeline shows the first case joined by the second text; every page that it names is there; Ctrl-C ends it
    in good order, and folder and ports are given back."""
    port, sandbox_port = free_port(), free_port()
    demo = await Process.of("demo", f"--port={port}", f"--sandbox-port={sandbox_port}", TMPDIR=str(tmp_path))
    try:
        for step in (
            "the second text joined",
            "the call joined",
            "they talk",
            "Ana writes a mail",
            "thrown away at the end",
        ):
            said = await demo.says(step)
        joined = re.search(r"the second text joined the same case: case ([\d-]+), 2 contacts", said)
        assert joined, said
        timeline = said.partition("The case, as the agent reads it:")[2].partition("Now try it yourself")[0]
        assert timeline.index(FIRST) < timeline.index(SECOND), timeline
        assert "the call joined the same case" in said and "she answers the mail" in said
        assert "the agents' desk" in said and [one.name[:13] for one in tmp_path.iterdir()] == ["onecase-demo-"]
        service, sandbox = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{sandbox_port}"
        pages = re.findall(r"https?://\S+", said)
        assert set(pages) == {f"{sandbox}/", f"{sandbox}/#mail", f"{service}/desk", f"{service}/docs"}
        async with aiohttp.ClientSession() as session:
            for page in pages:
                async with session.get(page) as answer:
                    words = await answer.text()
                    is_sign_in = page.endswith("/desk") and answer.status == 401 and "Your token" in words
                    assert is_sign_in or (answer.status == 200 and "<html" in words), page
            async with session.get(service) as answer:
                assert answer.url.path == "/desk", "the bare address leads to the desk"
            token = re.search(r"sign in as Ana with\s+(\S+)", said)
            assert token
            headers = {"Authorization": f"Bearer {token[1]}"}
            async with session.get(f"{service}/api/v1/agents/me", headers=headers) as answer:
                assert (answer.status, (await answer.json())["state"]) == (200, "busy")
            async with session.get(f"{service}/api/v1/agents/me/work", headers=headers) as answer:
                [work] = (await answer.json())["work"]
                assert work["state"] == "active", "the mail is with her, and no offer runs out before anybody looks"
        demo.child.send_signal(signal.SIGINT)
        assert (await demo.ends(), demo.errors) == (0, "")
        assert "Good-bye. The throw-away folder is removed." in demo.output
        assert list(tmp_path.iterdir()) == []
        async with aiohttp.ClientSession() as session:
            for page in (service, sandbox):
                with pytest.raises(aiohttp.ClientConnectorError):
                    await session.get(page)
    finally:
        if demo.code is None:
            await demo.is_killed()
