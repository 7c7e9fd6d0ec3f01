"""A story whose service and sandbox are processes as an operator runs them; one of them can be killed."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from tests import warm
from tests.story.wire import ADMIN, AFTERNOON, free_port, patiently
from tests.story.world import World

ROOT = Path(__file__).resolve().parent.parent.parent


class RealStory(World):
    """Two processes: `onecase sandbox`, which outlives the other, and `onecase serve` on its manual clock."""

    def __init__(self, *, environment: Mapping[str, str] | None = None, first_ends_at: str = "") -> None:
        """`first_ends_at`: the named point at which the first process is killed (`name:n`)."""
        super().__init__()
        self._first_ends_at = first_ends_at
        self._environment = environment or {}
        self.before_start: Callable[[], None] | None = None  # runs in the service's process
        self.provider_process: Process | None = None
        self.process: Process | None = None
        self._port = free_port()

    async def begins(self) -> None:
        port = free_port()
        self.sandbox, self.service = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{self._port}"
        self.provider_process = await Process.of(
            "sandbox", f"--port={port}", f"--target={self.service}", "--clock=manual",
            f"--clock-start={AFTERNOON.isoformat()}",
        )  # fmt: skip
        await self.provider_process.says("sandbox ready")
        await self.starts(**({"ONECASE_FAULT_POINT": self._first_ends_at} if self._first_ends_at else {}))

    async def ends(self) -> None:
        ended = [await process.stops() for process in (self.process, self.provider_process) if process is not None]
        assert set(ended) == {0}, [process.errors for process in (self.process, self.provider_process) if process]

    def abandons(self) -> None:
        for process in (self.process, self.provider_process):
            if process is not None and process.code is None:
                process.child.kill()
        super().abandons()

    async def starts(self, **environment: str) -> None:
        self.process = await self._serve(self._port, environment)
        await self.process.says("onecase ready")

    async def process_ends_at(self, fault_point: str) -> None:
        """Start anew, to be killed when it comes to a named point for the n-th time (`name:n`)."""
        assert self.process is not None
        await self.process.stops()
        await self.starts(ONECASE_FAULT_POINT=fault_point)

    async def another(self) -> "Process":
        """A second service on the same folder."""
        return await self._serve(free_port(), {})

    async def _serve(self, port: int, environment: Mapping[str, str]) -> "Process":
        options = [f"--data={self.data}", f"--port={port}", f"--sandbox-url={self.sandbox}", "--clock=manual"]
        given = {"ONECASE_BOOTSTRAP_TOKEN": ADMIN, **self._environment, **environment}
        return await Process.of("serve", *options, preexec=self.before_start, **given)

    async def is_killed(self) -> None:
        """kill -9: nothing is finished, nothing is flushed."""
        assert self.process is not None
        await self.process.is_killed()
        self.process = None

    async def dies(self) -> int:
        """Wait until the service ends by itself; its exit code."""
        assert self.process is not None
        code = await self.process.ends()
        return code


class WarmChild:
    """A process begun from a warm one, with what is used here of asyncio's processes."""

    def __init__(self, pid: int, stdout: asyncio.StreamReader, stderr: asyncio.StreamReader) -> None:
        self.pid, self.stdout, self.stderr = pid, stdout, stderr
        self.returncode: int | None = None
        self._ending: asyncio.Task[int]

    @classmethod
    async def begin(cls, arguments: Sequence[str], environment: Mapping[str, str], cwd: Path) -> Self:
        pipes = [os.pipe() for _ in range(3)]
        warm.begin(arguments, environment, str(cwd), [written for _, written in pipes])
        for _, written in pipes:
            os.close(written)
        stdout, stderr, told = [await _reader(read) for read, _ in pipes]
        made = cls(int(await told.readline()), stdout, stderr)
        made._ending = asyncio.create_task(made._end(told))
        return made

    async def _end(self, told: asyncio.StreamReader) -> int:
        self.returncode = int(await told.readline())
        return self.returncode

    async def wait(self) -> int:
        return await asyncio.shield(self._ending)

    def send_signal(self, number: int) -> None:
        if self.returncode is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


async def _reader(fd: int) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(fd, "rb", 0))
    return reader


class Process:
    """One `onecase` command as an operator runs it."""

    def __init__(self, child: asyncio.subprocess.Process | WarmChild) -> None:
        self.child = child
        self.output = ""
        self.errors = ""
        self._news = asyncio.Event()
        self._reading = [
            asyncio.create_task(self._read(child.stdout, "output")),
            asyncio.create_task(self._read(child.stderr, "errors")),
        ]
        for reading in self._reading:
            reading.add_done_callback(lambda _: self._news.set())

    @classmethod
    async def of(cls, *arguments: str, preexec: Any = None, cwd: Path | None = None, **environment: str) -> Self:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("ONECASE_")}
        given = {**kept, "PYTHONUNBUFFERED": "1", **environment}
        if preexec is None:
            return cls(await WarmChild.begin(arguments, given, cwd or Path.cwd()))
        return cls(
            await asyncio.create_subprocess_exec(
                sys.executable, str(ROOT / "onecase.py"), *arguments,
                stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env=given, preexec_fn=preexec, cwd=cwd,
            )
        )  # fmt: skip

    @classmethod
    async def ran(cls, *arguments: str, **more: Any) -> "Process":
        """Run a command to its end."""
        process = await cls.of(*arguments, **more)
        await process.ends()
        return process

    @property
    def code(self) -> int | None:
        return self.child.returncode

    async def says(self, words: str) -> str:
        """Wait until `words` were printed; all that was printed so far."""
        await patiently(self._heard(words))
        return self.output

    async def _heard(self, words: str) -> None:
        while words not in self.output:
            ended = all(reading.done() for reading in self._reading)
            assert not ended, f"ended with {await self.child.wait()}: {self.output}{self.errors}"
            self._news.clear()
            await self._news.wait()

    async def ends(self) -> int:
        await patiently(asyncio.gather(self.child.wait(), *self._reading))
        return self.child.returncode or 0

    async def stops(self) -> int:
        """SIGTERM, as a service manager does it."""
        if self.child.returncode is None:
            self.child.send_signal(signal.SIGTERM)
        return await self.ends()

    async def is_killed(self) -> None:
        self.child.kill()
        await self.ends()

    async def _read(self, pipe: asyncio.StreamReader | None, name: str) -> None:
        assert pipe is not None
        while chunk := await pipe.read(65536):
            setattr(self, name, getattr(self, name) + chunk.decode("utf-8", "replace"))
            self._news.set()
