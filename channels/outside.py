"""Where files may be fetched from: the outside, and never what stands beside the service.

Its one rule: what counts is the address that is connected to, not the name, for a name may lead elsewhere a moment
after it was looked up. It does not choose what is fetched.
"""

import ipaddress
import socket
from urllib.parse import urlsplit

from aiohttp import ThreadedResolver
from aiohttp.abc import AbstractResolver, ResolveResult

OWN_NAMES = (".localhost", ".local", ".internal", ".lan", ".home.arpa")
"""Names that no public name server gives an address (RFC 6761, 6762, 8375, and ICANN's `.internal`)."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Outside(AbstractResolver):
    """Resolves names as the system does, to addresses of the outside alone. `inside` are the hosts that may be in our
    own network all the same. `names` does the looking up."""

    def __init__(self, inside: frozenset[str] = frozenset(), *, names: AbstractResolver | None = None) -> None:
        self._inside = inside
        self._names = names or ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Raises OSError where the name leads to nothing outside."""
        found = await self._names.resolve(host, port, family)
        kept = [one for one in found if not self.refuses(host, one["host"])]
        if not kept:
            raise OSError(f"{host} leads to no address outside")
        return kept

    def refuses(self, host: str, address: str) -> bool:
        """Whether `address`, to which `host` leads, is not to be connected to."""
        return host not in self._inside and not is_outside(address)

    def refuses_unnamed(self, host: str | None) -> bool:
        """Whether `host` is an address, which nobody resolves, and not to be connected to."""
        return host is not None and is_ip_address(host) and self.refuses(host, host)

    async def close(self) -> None:
        await self._names.close()


def is_ip_address(host: str) -> bool:
    """True for a host that is an address and no name."""
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def is_outside(address: str) -> bool:
    """True for an address that is reached over the internet; whatever IPv4 address it carries must be one as well."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    return all(one.is_global and not one.is_multicast for one in (ip, *_carried(ip)))


def inside_hosts(base_url: str) -> frozenset[str]:
    """The host of a configured address where it stands in our own network by what it is called: a sandbox, a double."""
    host = (urlsplit(base_url).hostname or "").rstrip(".")
    is_inside = not is_outside(host) if is_ip_address(host) else "." not in host or host.endswith(OWN_NAMES)
    return frozenset((host,)) if host and is_inside else frozenset()


def _carried(ip: Address) -> list[Address]:
    """IPv4 addresses within one of IPv6: mapped, 6to4, Teredo, NAT64 (RFC 4291, 3056, 4380, 6052)."""
    if ip.version == 4:
        return []
    found = [ip.ipv4_mapped, ip.sixtofour, *(ip.teredo or ())]
    if ip in ipaddress.ip_network("64:ff9b::/96"):
        found.append(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF))
    return [one for one in found if one is not None]
