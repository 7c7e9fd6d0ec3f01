"""Processes that run the `onecase` command, begun from one that has read its code already.

To read the code anew, and the policies that come with it, takes longer than nearly all that they do in a story. What
they run is the command itself, in a process of its own that can be killed; nothing else has run in the one they begin
from, which has no thread and no loop.
"""

import gc
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
REQUEST_BYTES_MAX = 1 << 17
FDS = 3  # its output, its errors, and where its id and its exit code are told


def begin(arguments: Sequence[str], environment: Mapping[str, str], cwd: str, fds: Sequence[int]) -> None:
    """Begin a process. `fds`: its output and errors, and the file that gets its id in a line and, when it ended, its
    exit code in another (negative: the signal that ended it)."""
    request = json.dumps({"arguments": list(arguments), "environment": dict(environment), "cwd": cwd})
    socket.send_fds(_warm(), [request.encode()], list(fds))


@cache
def _warm() -> socket.socket:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        subprocess.Popen(
            [sys.executable, "-m", "tests.warm", str(theirs.fileno())],
            cwd=ROOT, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL,
        )  # fmt: skip
    return ours


# --- in the process that they begin from ------------------------------------------------------------------------------


def stay_warm(control: socket.socket) -> dict[str, Any] | None:
    """Read the code and the policies, then begin a process for each request until nobody is there to ask. In such a process it returns
    the request; in this one None."""
    import twilio.rest.api.v2010.account  # which the client reads when it first asks for something

    import router.main
    from policies.parse import parse_policies
    from router.serving import default_policy_files

    assert router.main
    assert twilio.rest.api.v2010.account
    files = default_policy_files()
    parse_policies(files, 0, base=files)
    gc.collect()
    gc.freeze()
    ended, waker = socket.socketpair()
    told: dict[int, int] = {}
    with ended, waker, selectors.DefaultSelector() as selector:
        for one in (ended, waker):
            one.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
        selector.register(control, selectors.EVENT_READ)
        selector.register(ended, selectors.EVENT_READ)
        while True:
            ready = {key.fileobj for key, _ in selector.select()}
            if ended in ready:
                with suppress(BlockingIOError):
                    ended.recv(4096)
                _tell_of_ended(told)
            if control in ready:
                request, fds, _, _ = socket.recv_fds(control, REQUEST_BYTES_MAX, FDS)
                if not request:
                    return None
                if (pid := os.fork()) == 0:
                    break
                *its, told[pid] = fds
                os.write(told[pid], b"%d\n" % pid)
                for fd in its:
                    os.close(fd)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, fd in enumerate(fds[:2], start=1):
        os.dup2(fd, number)
    for fd in (*fds, *told.values()):
        os.close(fd)
    return json.loads(request)


def _tell_of_ended(told: dict[int, int]) -> None:
    with suppress(ChildProcessError):
        while (found := os.waitpid(-1, os.WNOHANG))[0]:
            pid, status = found
            fd = told.pop(pid)
            with suppress(BrokenPipeError):
                os.write(fd, b"%d\n" % os.waitstatus_to_exitcode(status))
            os.close(fd)


def become(request: dict[str, Any]) -> None:
    """Be the process that was asked for."""
    import onecase

    sys.modules["__main__"] = onecase  # which a process of its own reads anew
    sys.stdout = open(1, "w", buffering=1, encoding="utf-8", closefd=False)  # noqa: SIM115 - it stays open
    sys.stderr = open(2, "w", buffering=1, encoding="utf-8", closefd=False)  # noqa: SIM115
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["environment"])
    time.tzset()
    tempfile.tempdir = None
    sys.argv = ["onecase.py", *request["arguments"]]
    onecase.main()


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as asked:
        wanted = stay_warm(asked)
    if wanted is not None:
        become(wanted)
