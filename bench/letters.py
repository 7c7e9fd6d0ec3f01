"""What reading mail costs: trimming an answer of 20 kB, and mails that are made to take long."""

import asyncio
import base64
import random
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from channels.email.reader import Reader
from channels.email.reading import read_letter
from channels.email.trimming import trim
from router.core.clock import Ms

NOW = Ms(1_795_442_400_000)
ANSWER_CHARS = 20_000
MB = 1_000_000
HEAD = b"From: mia@customer.example\r\nMessage-ID: <1@customer.example>\r\nSubject: Heating\r\n"
PAGE = b"Content-Type: text/html; charset=utf-8\r\n\r\n"
PLAIN = b"\r\n"
WROTE = "On Mon, Nov 23, 2026 at 2:02 PM Support <help@support.example> wrote:\n"


def trimming(folder: Path, rounds: int) -> None:
    """Milliseconds to split 20 kB into new words and history, for answers of several shapes."""
    del folder
    most: list[float] = []
    for turn in range(rounds):
        costs = {name: _best(lambda text=text: trim(text), times=20) for name, text in _answers(turn).items()}
        most.append(max(costs.values()))
        print(f"  round {turn + 1}: " + " · ".join(f"{name} {cost:.2f} ms" for name, cost in costs.items()))
    print(f"trimming: the slowest shape of 20 kB takes {statistics.median(most):.2f} ms (want 1)")


def _answers(seed: int) -> dict[str, str]:
    chance = random.Random(seed)
    words = [
        "the",
        "heating",
        "shows",
        "E42",
        "again",
        "and",
        "it",
        "is",
        "cold:",
        "please",
        "call",
        "me",
        "at",
        "three",
    ]
    lines = [" ".join(chance.choices(words, k=9)) for _ in range(ANSWER_CHARS // 45)]
    quoted = [f"> {line}" for line in lines]
    return {
        "new words alone": "\n".join(lines)[:ANSWER_CHARS],
        "quoted": ("It works.\n\n" + WROTE + "\n".join(quoted))[:ANSWER_CHARS],
        "answered between the lines": "\n".join(x for pair in zip(quoted, lines, strict=True) for x in pair)[
            :ANSWER_CHARS
        ],
        "quoted without marks": ("It works.\n\n" + WROTE + "\n".join(lines))[:ANSWER_CHARS],
    }


def hostile(folder: Path, rounds: int) -> None:
    """Milliseconds that mails made to take long cost the loop, through the reader as the service has it; and what it
    takes to read each whole (parts, page, text, what is new), wherever that is."""
    del folder
    on_loop: list[float] = []
    whole: list[float] = []
    for turn in range(rounds):
        mails = {name: make() for name, make in HOSTILE.items()}
        loop = _slowest(asyncio.run(_loop_times(mails)))
        reading = _slowest({name: _best(partial(read_letter, raw, received_at=NOW)) for name, raw in mails.items()})
        on_loop.append(loop[0][0])
        whole.append(reading[0][0])
        for what, costs in (("of the loop", loop), ("to read", reading)):
            shown = " · ".join(f"{name} {cost:.1f} ms" for cost, name in costs[:5])
            print(f"  round {turn + 1}, {what}: {shown}")
    print(
        f"hostile: the slowest of {len(HOSTILE)} mails takes {statistics.median(on_loop):.0f} ms of the loop (want 50)"
        f" and {statistics.median(whole):.0f} ms to read"
    )


async def _loop_times(mails: dict[str, bytes]) -> dict[str, float]:
    reader = Reader()
    costs: dict[str, float] = {}
    try:
        await reader(HEAD + PLAIN + b"x" * MB, NOW)  # its worker has started then
        for name, raw in mails.items():
            began = time.thread_time()
            await reader(raw, NOW)
            costs[name] = (time.thread_time() - began) * 1e3
    finally:
        await reader.close()
    return costs


def _slowest(costs: dict[str, float]) -> list[tuple[float, str]]:
    return sorted(((cost, name) for name, cost in costs.items()), reverse=True)


def _best(work: Callable[[], object], *, times: int = 3) -> float:
    """The least of some turns, in milliseconds of this process: what the work takes when nothing is in its way."""
    costs: list[float] = []
    for _ in range(times):
        began = time.process_time()
        work()
        costs.append((time.process_time() - began) * 1e3)
    return min(costs)


def _nested(levels: int) -> bytes:
    lines = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(levels))
    return HEAD + lines + b"\r\nhi"


def _field(name: bytes, value: bytes) -> bytes:
    return HEAD + name + b": " + value + b"\r\n\r\nhi\r\n"


HOSTILE: dict[str, Callable[[], bytes]] = {
    "100 kB of >": lambda: HEAD + PLAIN + b">" * 100_000,
    "100,000 lines of >": lambda: HEAD + PLAIN + b">\n" * 100_000,
    "100 kB of blanks": lambda: HEAD + PLAIN + b" " * 100_000,
    "1 MB of line ends": lambda: HEAD + PLAIN + b"\n" * MB,
    "introductions without end": lambda: HEAD + PLAIN + WROTE.encode() * 1_500,
    "introductions nested": lambda: HEAD + PLAIN + b"".join(b">" * (n % 400) + WROTE.encode() for n in range(400)),
    "unfinished introductions": lambda: HEAD + PLAIN + b"On 1 wrote\n" * 10_000,
    "senders without a header": lambda: HEAD + PLAIN + b"From: x\n" * 12_000,
    "signatures": lambda: HEAD + PLAIN + b"-- \nx\n" * 16_000,
    "long flowed lines": lambda: HEAD + b"Content-Type: text/plain; format=flowed\r\n\r\n" + b"word \n" * 20_000,
    "25 MB of line ends": lambda: HEAD + PLAIN + b"\n" * (25 * MB),
    "10,000 parts": lambda: HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 10_000,
    "5 MB of borders": lambda: HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--bb\n" * MB,
    "10,000 levels": lambda: _nested(10_000),
    "levels around 5 MB": lambda: _nested(60) + b"x" * (5 * MB),
    "header of 200 kB": lambda: _field(b"X-Long", b"x" * 200_000),
    "5,000 headers": lambda: HEAD + b"X-A: b\r\n" * 5_000 + b"\r\nhi",
    "folded 100,000 times": lambda: _field(b"Subject", b"x\r\n " * 100_000),
    "encoded words": lambda: _field(b"Subject", b"=?utf-8?q?" * 20_000),
    "encoded words, good": lambda: _field(b"Subject", b"=?utf-8?q?a?= " * 1_000),
    "brackets in To": lambda: _field(b"To", b"<" * 100_000),
    "comments in To": lambda: _field(b"To", b"(" * 100_000),
    "nine To fields": lambda: HEAD + (b"To: " + b"a@b.example, (" * 700 + b"\r\n") * 9 + b"\r\nhi",
    "quotes in To": lambda: _field(b"To", b'"\\' * 50_000),
    "10,000 recipients": lambda: _field(b"To", b"a@b.example, " * 10_000),
    "references": lambda: _field(b"References", b"<a@b" * 50_000),
    "parameters": lambda: _field(b"Content-Type", b"text/plain" + b';a="' * 20_000),
    "name in pieces": lambda: _field(b"Content-Type", b"image/png" + b"".join(b"; name*%d=a" % n for n in range(9_000))),
    "results": lambda: _field(b"Authentication-Results", b"mx.support.example; dmarc=(" + b"(" * 50_000),
    "armour": lambda: HEAD + PLAIN + b"-----BEGIN PGP MESSAGE-----\n" * 10_000,
    "base64 of nothing": lambda: HEAD + b"Content-Transfer-Encoding: base64\r\n\r\n" + b"=" * (5 * MB),
    "quoted-printable of nothing": lambda: HEAD + b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + b"=\n" * MB,
    "5 MB file": lambda: HEAD + b"Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(b"%PDF" * MB),
    "5 MB page": lambda: HEAD + PAGE + b"<p>hello <b>world</b></p>\n" * 200_000,
    "100,000 divs": lambda: HEAD + PAGE + b"<div>" * 100_000,
    "tables in tables": lambda: HEAD + PAGE + b"<table><tr><td>" * 20_000 + b"hi",
    "cells": lambda: HEAD + PAGE + b"<td>x" * 50_000,
    "wide table": lambda: HEAD + PAGE + b"<table><tr><td>" + b"w" * 50_000 + b"</td></tr>" + b"<tr><td>x</td></tr>" * 5_000,
    "attributes": lambda: HEAD + PAGE + b"<x " + b" ".join(b"a%d" % n for n in range(30_000)) + b">hi",
    "many attributes often": lambda: HEAD + PAGE + (b"<x " + b" ".join(b"a%d" % n for n in range(60)) + b">") * 1_000,
    "formatting in formatting": lambda: HEAD + PAGE + b"<b><i><a href=x>" * 10_000,
    "comments never closed": lambda: HEAD + PAGE + b"<!--" * 100_000,
    "styles never closed": lambda: HEAD + PAGE + b"<style>" * 50_000,
    "entities": lambda: HEAD + PAGE + b"&amp" * 100_000,
    "less-than signs": lambda: HEAD + PAGE + b"<" * 300_000,
    "500 pages and a text": lambda: (
        HEAD
        + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n"
        + (b"--b\r\nContent-Type: text/html\r\n\r\n" + b"<p>hello <b>world</b></p>\n" * 400 + b"\r\n") * 480
    ),
    "long tags": lambda: HEAD + PAGE + (b"<a title='" + b"x" * 290 + b"' href=x>hi</a>") * 6_000,
    "addresses that are files": lambda: HEAD + PAGE + b"data:" * 400_000,
    "quotations in quotations": lambda: HEAD + PAGE + b"<blockquote type=cite>" * 140 + b"hi",
    "5,000 quotations": lambda: HEAD + PAGE + b"<blockquote type=cite>x</blockquote>y" * 5_000,
}  # fmt: skip
"""Each name with a mail of that kind, made when it is wanted."""
