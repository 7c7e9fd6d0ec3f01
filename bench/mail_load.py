"""Brings mails of 20 kB over SMTP as fast as they are taken: `mail_load.py PORT SECONDS CONNECTIONS FIRST`.

Each is distinct, of one of 20,000 people, over connections that stay open. Prints JSON: mails a second and the time from
MAIL to the answer after the last dot.
"""

import asyncio
import json
import random
import sys
import time

import uvloop

PEOPLE = 20_000
BYTES = 20_000
LINE = "The flat is cold and the display shows E42 again, since this morning at about six."


def mail(n: int, chance: random.Random) -> tuple[str, bytes]:
    """The sender and the text of the n-th mail."""
    person = chance.randrange(PEOPLE)
    sender = f"person{person}@customer{person % 500}.example"
    words = [f"{chance.randrange(10**6)} {LINE}" for _ in range(BYTES // (len(LINE) + 8))]
    headers = (
        f"From: Person {person} <{sender}>\r\nTo: help@support.example\r\nSubject: My heating {person % 7}\r\n"
        f"Message-ID: <{n}.{chance.getrandbits(64):x}@customer.example>\r\nDate: Mon, 23 Nov 2026 14:02:00 -0500\r\n"
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    )
    return sender, (headers + "\r\n".join(words) + "\r\n.\r\n").encode()


async def converse(port: int, numbers: "list[int]", ends: float, seed: int, took: list[float]) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def say(line: bytes) -> bytes:
        writer.write(line)
        answer = await reader.readline()
        while answer[3:4] == b"-":
            answer = await reader.readline()
        return answer

    await say(b"")
    await say(b"EHLO bench\r\n")
    chance, refused = random.Random(seed), 0
    while time.perf_counter() < ends:
        numbers[0] += 1
        sender, body = mail(numbers[0], chance)
        began = time.perf_counter()
        await say(f"MAIL FROM:<{sender}>\r\n".encode())
        await say(b"RCPT TO:<help@support.example>\r\n")
        await say(b"DATA\r\n")
        answer = await say(body)
        took.append(time.perf_counter() - began)
        refused += not answer.startswith(b"250")
    writer.close()
    return refused


async def main(port: int, seconds: float, connections: int, first: int) -> None:
    took: list[float] = []
    numbers = [first]
    began = time.perf_counter()
    refused = await asyncio.gather(
        *(converse(port, numbers, began + seconds, first + n, took) for n in range(connections))
    )
    spent = time.perf_counter() - began
    took.sort()
    print(
        json.dumps(
            {
                "per_s": len(took) / spent,
                "p50_ms": took[len(took) // 2] * 1000,
                "p99_ms": took[len(took) * 99 // 100] * 1000,
                "refused": sum(refused),
            }
        )
    )


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])))
