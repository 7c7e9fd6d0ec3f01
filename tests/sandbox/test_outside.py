"""Fault 17: a name that leads elsewhere a moment later. Files are fetched from the outside alone, whatever is looked up."""

import socket

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from channels.outside import Outside, inside_hosts, is_outside
from channels.transport import AiohttpTransport
from channels.wire import WireFailure, WireRequest
from tests.sandbox.stage import Receiver

FILES = "files.provider.example"


class Names(AbstractResolver):
    """A name server that says something else each time: what is left of its answers."""

    def __init__(self, *answers: tuple[str, ...]) -> None:
        self.answers = list(answers)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host=one, port=port, family=socket.AF_INET, proto=0, flags=0)
            for one in self.answers.pop(0)
        ]

    async def close(self) -> None:
        pass


@pytest.mark.parametrize(
    ("address", "outside"),
    [
        ("8.8.8.8", True),
        ("2600:1f18::1", True),
        ("127.0.0.1", False),
        ("0.0.0.0", False),  # noqa: S104
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("::1", False),
        ("fe80::1", False),
        ("fe80::1%eth0", False),
        ("fc00::1", False),
        ("ff02::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:169.254.169.254", False),
        ("2002:7f00:1::", False),
        ("64:ff9b::a9fe:a9fe", False),
        ("64:ff9b::808:808", True),
    ],
)
def test_what_is_outside(address: str, outside: bool) -> None:
    """Loopback, private, link-local and shared addresses are inside, in every spelling that leads there."""
    assert is_outside(address) is outside


@pytest.mark.parametrize("led_to", ["127.0.0.1", "169.254.169.254", "10.0.0.7", "::1"])
async def test_fault17_a_name_that_leads_inside_is_not_connected_to(led_to: str, receiver: Receiver) -> None:
    """Whatever the name led to when it was configured: where it leads inside at connect time nothing is asked."""
    port = receiver.url.rpartition(":")[2]
    async with AiohttpTransport(outside=Outside(names=Names((led_to,)))) as transport:
        with pytest.raises(WireFailure) as refused:
            await transport.send(WireRequest("POST", f"http://{FILES}:{port}/secret"), timeout_s=5)
    assert refused.value.may_have_arrived is False
    assert receiver.got == []


async def test_of_several_addresses_those_outside_are_kept() -> None:
    """One answer that mixes both leads outside; the next one, that leads inside alone, nowhere."""
    outside = Outside(names=Names(("127.0.0.1", "8.8.8.8"), ("127.0.0.1",)))
    assert [one["host"] for one in await outside.resolve(FILES)] == ["8.8.8.8"]
    with pytest.raises(OSError, match="no address outside"):
        await outside.resolve(FILES)


async def test_an_address_without_a_name_is_looked_at_as_well(receiver: Receiver) -> None:
    async with AiohttpTransport(outside=Outside()) as transport:
        with pytest.raises(WireFailure, match="not outside"):
            await transport.send(WireRequest("POST", f"{receiver.url}/secret"), timeout_s=5)
    assert receiver.got == []


async def test_a_provider_that_is_configured_inside_is_reached(receiver: Receiver) -> None:
    """A sandbox on this machine, or a double in our network, is where the settings say that it is, and nothing else is."""
    async with AiohttpTransport(outside=Outside(inside_hosts(receiver.url))) as transport:
        assert (await transport.send(WireRequest("POST", f"{receiver.url}/media"), timeout_s=5)).status == 200
        with pytest.raises(WireFailure):
            await transport.send(WireRequest("POST", receiver.url.replace("127.0.0.1", "127.0.0.2")), timeout_s=5)


@pytest.mark.parametrize(
    ("url", "inside"),
    [
        ("https://api.twilio.com", False),
        ("https://8.8.8.8", False),
        ("http://127.0.0.1:8090", True),
        ("http://[::1]:8090", True),
        ("http://localhost:8090", True),
        ("http://sandbox:8090", True),
        ("https://telephony.internal", True),
        ("https://local.example", False),
        ("", False),
    ],
)
def test_which_providers_are_inside(url: str, inside: bool) -> None:
    """Those whose host says so by itself: no lookup decides it."""
    assert bool(inside_hosts(url)) is inside
