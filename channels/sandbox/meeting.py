"""How a service in another process and the sandbox find each other's mail servers.

Its one rule: the service asks where the sandbox takes mail, then says where it takes its own; ports may be any.
"""

import aiohttp

PATH = "/smtp"
ASK_S = 15.0
NOT_FOUND = 404


async def smtp_port_of(sandbox_url: str) -> int | None:
    """Where the sandbox takes mail from the service; None where it has no mailboxes. Raises ConnectionError."""
    return (await _ask("GET", sandbox_url, None)).get("port")


async def bring_mail_to(sandbox_url: str, target: tuple[str, int]) -> None:
    """Have the sandbox bring mail for the service to `target`, host and port. Raises ConnectionError."""
    await _ask("PUT", sandbox_url, {"host": target[0], "port": target[1]})


async def _ask(method: str, sandbox_url: str, shape: dict[str, str | int] | None) -> dict[str, int | None]:
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=ASK_S)) as http,
            http.request(method, sandbox_url.rstrip("/") + PATH, json=shape) as answer,
        ):
            if answer.status == NOT_FOUND:
                return {}
            answer.raise_for_status()
            return await answer.json()
    except (aiohttp.ClientError, TimeoutError) as problem:
        raise ConnectionError(f"the sandbox at {sandbox_url} does not say where it takes mail: {problem}") from problem
