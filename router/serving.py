"""Wiring: settings into a running service. `Running` is one service, started and stopped whole."""

import asyncio
import socket
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

import structlog

from channels.chat.identity import Identities, IdentityKey, problem_of_key
from channels.clock import Activity, ManualClock, RealClock
from channels.clock_follow import FollowedClock
from channels.numbers import facts_of
from channels.outside import Outside, inside_hosts
from channels.registry import Host, make_channels
from channels.sandbox.account import SANDBOX_NUMBERS, SANDBOX_SID, SANDBOX_TOKEN
from channels.sandbox.mail.control_mail import MAIL_ADDRESS
from channels.sandbox.meeting import bring_mail_to, smtp_port_of
from channels.sandbox.server import RunningSandbox
from channels.sandbox.voice.own_documents import AGENTS_FALLBACK_PATH, CALLED_FALLBACK_PATH
from channels.transport import AiohttpTransport
from channels.twilio_messaging import TwilioSettings
from onecase import __version__
from policies import default_policy_files, load_folder_texts, parse_policies
from router.core.clock import Ms
from router.core.words import Channel
from router.http.auth import Role, Tokens, hash_of
from router.http.chat_door import ChatDoor
from router.http.chat_pages import PREFIX as CHAT_PREFIX
from router.http.chat_pages import TEST_PATH as CHAT_TEST_PATH
from router.http.chat_pages import ChatPages
from router.http.chat_sockets import ChatSockets
from router.http.contact_page import ContactPage
from router.http.desk import desk_pages
from router.http.front import Front
from router.http.live import Live
from router.http.mail_door import MailDoor
from router.http.metrics import NodeMetrics, registry_for
from router.http.music import MUSIC_PATH, hold_music
from router.http.service import Service
from router.http.shim import Shim
from router.http.sites import LOOPBACK
from router.http.wait_news import WaitNews
from router.journal.base import Journal, last_at
from router.journal.erasures import Erasures
from router.journal.faultpoints import FaultPoints
from router.journal.sqlite import SqliteJournal
from router.node.node import Node, instance_secret
from router.serving_mail import PURPOSE, derived, follow, is_read, listen, mail_of
from router.settings import MailSection, Settings, SettingsProblem

FOLLOW_S = 15.0
CHAT_SENDER = "chat"
"""What stands for us in a chat: there is no number of ours."""
DEMO_KEY = "site_demo"
"""The site key of a new folder with a sandbox: known to everybody, so it serves pages of this machine alone."""
DEMO_SITE = f"sit_{hash_of(DEMO_KEY)[:16]}"
MEDIA_BYTES_MAX = 16 * 1024 * 1024
"""The largest file that is fetched from a provider."""

BEHIND_MS = 1000
"""How far the machine's clock may be behind the log before it is told."""

log = structlog.get_logger("onecase.serve")
AnyClock = RealClock | ManualClock | FollowedClock


@dataclass(slots=True)
class Running:
    """A service that answers at `url`."""

    url: str
    node: Node
    service: Service
    bootstrap: str | None
    _stack: AsyncExitStack

    async def drain(self) -> None:
        """Tell those who wait on the phone, while we can be reached."""
        await self.node.drain()

    async def close(self) -> None:
        """Stop taking, finish what is under way, let the folder go."""
        await self._stack.aclose()


async def start_service(
    settings: Settings,
    *,
    sandbox: RunningSandbox | None = None,
    sandbox_url: str | None = None,
    follow_clock: bool = False,
) -> Running:
    """Start a service. Raises SettingsProblem, JournalUnusable, PolicyProblems or OSError with what is wrong.

    With a sandbox (in this process, or at `sandbox_url`) its provider account is used and its clock followed."""
    settings = _with_a_port(settings)
    async with AsyncExitStack() as stack:
        activity = sandbox.activity if sandbox else Activity()
        clock = await _clock(stack, sandbox, sandbox_url if follow_clock else None, activity)
        defaults = default_policy_files()
        files = {**defaults, **_policy_texts(settings)}
        policy = parse_policies(files, 0, base=defaults)
        for warning in policy.warnings:
            log.warning("policy", warning=warning)
        faults = FaultPoints(settings.fault_point)
        journal: Journal = await SqliteJournal.open(settings.data, faults=faults)
        stack.push_async_callback(_close_journal, journal)
        await _goes_on(clock, journal)
        secret = await instance_secret(journal)
        mail = mail_of(
            await _mail_section(settings, sandbox, sandbox_url),
            derived(secret, PURPOSE),
            addresses=[number for number in policy.numbers if "@" in number],
        )
        if mail is not None:
            stack.push_async_callback(mail.reader.close)
        transport = AiohttpTransport()
        stack.push_async_callback(transport.close)
        provider = sandbox.url if sandbox else sandbox_url
        host = _with_files(_host(settings, transport, provider), stack)
        node = Node(
            journal=journal,
            clock=clock,
            policy=policy,
            policy_files=files,
            channels=[*make_channels(host), *([mail.channel] if mail else [])],
            facts_of=facts_of,
            senders=_senders(settings, provider, mail.section.address if mail else ""),
            activity=activity,
            faults=faults,
            mail=mail.means if mail else None,
            ledger=Erasures(settings.ledger),
        )
        live, metrics = _listeners(node)
        tokens = Tokens(journal)
        service = Service(
            node=node,
            tokens=tokens,
            registry=registry_for(metrics),
            version=__version__,
            sandbox_url=provider,
            public_url=host.public_url,
            identities=identities_of(settings),
            chat_pages=_chat_pages(settings, host.public_url if provider is not None else None),
        )
        door = MailDoor(
            service,
            bytes_max=settings.mail.bytes_max,
            mailgun_key=settings.mail.mailgun_signing_key.get_secret_value().encode(),
        )
        chat = service.chat = ChatDoor(service, live)
        WaitNews(node, live, chat)
        chat_pages = ChatPages(chat, has_test_page=provider is not None)
        front = Front(
            service,
            metrics,
            pages={
                **desk_pages(service),
                MUSIC_PATH: hold_music,
                "/email": door,
                "/c": ContactPage(service),
                CHAT_PREFIX: chat_pages,
            },
        )
        shim = Shim(
            front=front,
            live=live,
            node=node,
            tokens=tokens,
            body_bytes_max=settings.body_bytes_max,
            door=door,
            chats=ChatSockets(chat),
            chat_pages=chat_pages,
        )
        url = await shim.start(settings.host, settings.port)
        stack.push_async_callback(node.close)
        stack.push_async_callback(shim.close)
        if mail is not None and (listens := await listen(mail, node, stack)) is not None:
            await _tell_sandbox(listens, sandbox, sandbox_url)
        bootstrap = await _let_in(service, settings, secret)
        await node.start()  # last: ready means that those who hold tokens are let in
        await tokens.tell(node.take)
        if mail is not None:
            mailbox = follow(mail, node, stack)
            metrics.mailbox = (lambda: is_read(mailbox.state)) if mailbox is not None else None
        return Running(url=url, node=node, service=service, bootstrap=bootstrap, _stack=stack.pop_all())
    raise AssertionError("not reached")


def identities_of(settings: Settings) -> Identities:
    """Who may say who a visitor is. Raises SettingsProblem."""
    problems: list[str] = []
    keys: dict[str, list[IdentityKey]] = {}
    for site in settings.sites:
        for at, one in enumerate(site.identity_keys):
            key = IdentityKey(
                kid=one.kid,
                algorithm=one.algorithm,
                key=one.key.get_secret_value(),
                issuer=one.issuer,
                audience=one.audience,
            )
            if problem := problem_of_key(key):
                problems.append(f"sites: identity key {at + 1} ({one.kid}) of {site.id}: {problem}")
            keys.setdefault(site.id, []).append(key)
    if problems:
        raise SettingsProblem(problems)
    return Identities(keys)


def _chat_pages(settings: Settings, tried_at: str | None) -> dict[str, str]:
    """Where visitors chat, by site: beside a sandbox the page to try it on, where no site has a page of its own."""
    pages = {site.id: site.chat_page for site in settings.sites if site.chat_page}
    return pages if pages or tried_at is None else {DEMO_SITE: tried_at + CHAT_TEST_PATH}


def _policy_texts(settings: Settings) -> dict[str, str]:
    try:
        return load_folder_texts(settings.policies) if settings.policies else {}
    except OSError as error:
        raise SettingsProblem([f"policies: {settings.policies} cannot be read ({error.strerror})"]) from None


def _listeners(node: Node) -> tuple[Live, NodeMetrics]:
    """Who hears what was committed, besides the node itself."""
    live, metrics = Live(node.journal), NodeMetrics(node)
    node.listen(live.hear)
    node.listen(metrics.hear)
    return live, metrics


def _with_a_port(settings: Settings) -> Settings:
    """Port 0 takes a free one now: webhooks are signed over the address that providers call, port and all."""
    if settings.port:
        return settings
    with socket.socket() as probe:
        probe.bind((settings.host, 0))
        return settings.model_copy(update={"port": int(probe.getsockname()[1])})


async def _clock(
    stack: AsyncExitStack, sandbox: RunningSandbox | None, follow: str | None, activity: Activity
) -> AnyClock:
    if sandbox is not None:
        return sandbox.clock
    if follow is None:
        return RealClock()
    clock = FollowedClock(activity)
    try:
        async with asyncio.timeout(FOLLOW_S):
            await clock.connect(follow)
    except TimeoutError:
        await clock.close()
        raise SettingsProblem(
            [f"the sandbox at {follow} gives no time: start it first with `onecase sandbox --clock manual`"]
        ) from None
    stack.push_async_callback(clock.close)
    return clock


async def _goes_on(clock: AnyClock, journal: Journal) -> None:
    """Time goes on where the log ends, should the machine's clock have been set back meanwhile."""
    if not isinstance(clock, RealClock):
        return
    behind_ms = await last_at(journal) - clock.now()
    if behind_ms > BEHIND_MS:
        log.warning("the clock is behind the log: time passes slowly until it has caught up", behind_ms=behind_ms)
    clock.begin_at(Ms(clock.now() + behind_ms))


def _with_files(host: Host, stack: AsyncExitStack) -> Host:
    """With a way to fetch files, which are large and come from the outside alone."""
    outside = Outside(inside_hosts(host.twilio_base_url))
    media = AiohttpTransport(body_bytes_max=MEDIA_BYTES_MAX, outside=outside)
    stack.push_async_callback(media.close)
    return replace(host, media_transport=media)


def _host(settings: Settings, transport: AiohttpTransport, provider: str | None) -> Host:
    section = settings.twilio
    public = settings.public_url or f"http://{settings.host}:{settings.port}"
    if provider is not None:
        twilio = TwilioSettings(
            account=SANDBOX_SID,
            secrets=(SANDBOX_TOKEN.encode(),),
            public_url=public,
            fallback_url=provider + CALLED_FALLBACK_PATH,
            agents_fallback_url=provider + AGENTS_FALLBACK_PATH,
        )
        return Host(
            transport=transport,
            public_url=public,
            twilio=twilio,
            twilio_user=SANDBOX_SID,
            twilio_secret=SANDBOX_TOKEN,
            twilio_base_url=provider,
        )
    signing = section.signing_key.get_secret_value() or section.auth_token.get_secret_value()
    secrets = [s.encode() for s in (signing, section.previous_auth_token.get_secret_value()) if s]
    twilio = TwilioSettings(
        account=section.account_sid,
        secrets=tuple(secrets),
        public_url=public,
        signature_header=section.signature_header,
        fallback_url=section.fallback_url,
        agents_fallback_url=section.agents_fallback_url,
    )
    return Host(
        transport=transport,
        public_url=public,
        twilio=twilio,
        twilio_user=section.api_key_sid or section.account_sid or "AC",
        twilio_secret=section.api_key_secret.get_secret_value() or section.auth_token.get_secret_value() or "-",
        twilio_base_url=section.base_url,
        twilio_file_hosts=tuple(section.file_hosts),
    )


def _senders(settings: Settings, provider: str | None, mail: str) -> Mapping[Channel, str]:
    has_account = provider is not None or bool(settings.twilio.account_sid)
    senders = {Channel(name): number for name, number in settings.twilio.senders.items() if has_account}
    if provider is not None and not senders:
        senders = {Channel.SMS: SANDBOX_NUMBERS[0], Channel.WHATSAPP: SANDBOX_NUMBERS[0]}
    return senders | {Channel.CHAT: CHAT_SENDER} | ({Channel.EMAIL: mail} if mail else {})


async def _mail_section(settings: Settings, sandbox: RunningSandbox | None, sandbox_url: str | None) -> MailSection:
    """With a sandbox, mail goes to its mailboxes and comes from them, unless the settings say otherwise."""
    section = settings.mail
    if section.address or (sandbox is None and sandbox_url is None):
        return section
    port = sandbox.smtp_port if sandbox else await smtp_port_of(sandbox_url or "")
    if port is None:
        return section
    host = urlsplit(sandbox.url if sandbox else sandbox_url or "").hostname or "127.0.0.1"
    return section.model_copy(
        update={
            "address": MAIL_ADDRESS,
            "smtp_host": host,
            "smtp_port": port,
            "smtp_tls": "none",
            "listen_port": max(0, section.listen_port),
        }
    )


async def _tell_sandbox(listens: tuple[str, int], sandbox: RunningSandbox | None, sandbox_url: str | None) -> None:
    if sandbox is not None:
        sandbox.mail_to = listens
    elif sandbox_url is not None:
        await bring_mail_to(sandbox_url, listens)


async def _let_in(service: Service, settings: Settings, secret: bytes) -> str | None:
    """Know who holds tokens and site keys. The first admin token of a new data folder is the given one, or a new one
    that is shown once; with a sandbox it gets a site key too."""
    tokens, now = service.tokens, Ms(service.node.clock.now())
    await tokens.load(secret)
    await service.sites.load()
    given = settings.bootstrap_token.get_secret_value()
    if any(identity.role is Role.ADMIN for identity in tokens.all()):
        return None
    if service.sandbox_url is not None:
        await service.sites.create("demo", at=now, origins=(LOOPBACK,), key=DEMO_KEY)
    return await tokens.create(Role.ADMIN, at=now, token=given or None)


async def _close_journal(journal: Journal) -> None:
    with suppress(Exception):
        await journal.close()
