"""The sandbox without I/O: requests in, answers out, webhooks through a `Transport`, time from a `Clock`.

Its one rule: everything from outside is passed in, so the same sandbox runs on sockets and, repeatable bit for bit, on
a virtual-time loop. `handle` answers the REST API, the control API and the page; `server` gives it a socket.
"""

import ipaddress
import random
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from channels.clock import Activity, ManualClock
from channels.email.post import Envelope, Post, Reply
from channels.sandbox.account import SANDBOX_API_KEYS, SANDBOX_NUMBERS, SANDBOX_SID, SANDBOX_TOKEN, Account
from channels.sandbox.carrier import Carrier, Pacing
from channels.sandbox.clockwork import Clockwork
from channels.sandbox.consent import Consent
from channels.sandbox.control import Control
from channels.sandbox.devices.control_devices import DeviceControl
from channels.sandbox.devices.devices import Devices
from channels.sandbox.ground import Ground
from channels.sandbox.mail.control_mail import MAIL_ADDRESS, MailControl
from channels.sandbox.mail.from_service import MailFromService
from channels.sandbox.mail.mailboxes import Mailboxes
from channels.sandbox.mail.to_service import MailToService
from channels.sandbox.messages import MessageLog
from channels.sandbox.phones import Phones
from channels.sandbox.problems import Problem
from channels.sandbox.rest import ROOT, Rest
from channels.sandbox.rest_messages import MessageResources
from channels.sandbox.texting import Texting
from channels.sandbox.voice.control_calls import PhoneCalls
from channels.sandbox.voice.network import Network
from channels.sandbox.voice.pacing import VoicePacing
from channels.sandbox.webhooks import Webhooks
from channels.wire import Transport, WireRequest, WireResponse
from router.core.clock import Clock


class Sandbox:
    """One emulated provider with one account.

    `target` is the public base URL of the service. `clockwork` is there when `clock` is a `ManualClock`: a service in
    the same process shares that clock and joins its side. `mail_address` is the service's own, in its mail domain.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        transport: Transport,
        chance: random.Random,
        activity: Activity,
        target: str,
        own_url: str = "",
        account_sid: str = SANDBOX_SID,
        auth_token: str = SANDBOX_TOKEN,
        numbers: Sequence[str] = SANDBOX_NUMBERS,
        api_keys: Mapping[str, str] = SANDBOX_API_KEYS,
        pacing: Pacing | None = None,
        voice_pacing: VoicePacing | None = None,
        post: Post | None = None,
        mail_address: str = MAIL_ADDRESS,
    ) -> None:
        self.account = Account.of(sid=account_sid, auth_token=auth_token, api_keys=api_keys, numbers=numbers)
        self.account.aim(target)
        ground = Ground(clock, chance, activity, self.account, own_url.rstrip("/"))
        self.clockwork: Clockwork | None = None
        if isinstance(clock, ManualClock):
            self.clockwork = Clockwork(clock, activity, held=lambda: ground.held)
        webhooks, log, phones, consent = Webhooks(ground, transport), MessageLog(), Phones(), Consent()
        carrier = Carrier(ground, webhooks=webhooks, log=log, phones=phones, consent=consent, pacing=pacing or Pacing())
        texting = Texting(ground, webhooks=webhooks, log=log, phones=phones, consent=consent, carrier=carrier)
        self._ground = ground
        network = Network(ground, webhooks=webhooks, phones=phones, pacing=voice_pacing or VoicePacing())
        self._rest = Rest(ground, MessageResources(ground, carrier, log), network)
        boxes = Mailboxes()
        self._mail_out = MailToService(ground, boxes, domain=mail_address.rpartition("@")[2], post=post)
        self._mail_in = MailFromService(ground, boxes, self._mail_out)
        self._control = Control(
            ground,
            phones=phones,
            texting=texting,
            calls=PhoneCalls(network),
            mail=MailControl(boxes, self._mail_out, address=mail_address),
            devices=DeviceControl(Devices(ground, transport, target=target)),
            clockwork=self.clockwork,
        )

    @property
    def own_url(self) -> str:
        """Where the service reaches the sandbox; links to media begin with it."""
        return self._ground.own_url

    @own_url.setter
    def own_url(self, url: str) -> None:
        self._ground.own_url = url.rstrip("/")

    @property
    def smtp_port(self) -> int | None:
        """Where mail from the service is taken, if it is taken over a socket; `/about` says it."""
        return self._ground.smtp_port

    @smtp_port.setter
    def smtp_port(self, port: int | None) -> None:
        self._ground.smtp_port = port

    @property
    def post(self) -> Post | None:
        """How mail reaches the service; it may be set at any time."""
        return self._mail_out.post

    @post.setter
    def post(self, post: Post | None) -> None:
        self._mail_out.post = post

    async def mail_in(self, envelope: Envelope) -> Reply:
        """Take a mail from the service, as the mailboxes' server does, and say the reply. Raise `PostFailure` where a
        fault breaks the connection instead of answering."""
        return await self._mail_in.take(envelope)

    def mail_admits(self, sender: str, recipient: str) -> Reply | None:
        """Why the mailboxes' server takes no mail from `sender` to `recipient`; None where it does."""
        return self._mail_in.admit(sender, recipient)

    async def handle(self, request: WireRequest) -> WireResponse:
        """Answer one request; its `url` is the raw path with query. Raise `WireFailure` where a fault breaks the
        connection instead of answering."""
        try:
            self._turn_strangers_away(request)
            if urlsplit(request.url).path.startswith(ROOT):
                return await self._rest.answer(request)
            return await self._control.answer(request)
        except Problem as problem:
            return problem.response()

    async def close(self) -> None:
        """Stop whatever is on its way."""
        await self._ground.close()

    def _turn_strangers_away(self, request: WireRequest) -> None:
        """A web page from elsewhere must not drive the sandbox: neither by a cross-site request nor by a name of its
        own that points to this machine (DNS rebinding)."""
        host = request.headers.get("Host", "")
        if host and not self._is_own_host(urlsplit(f"//{host}").hostname or ""):
            raise Problem(421, f"The sandbox is not {host}: ask it by its address, or by localhost.")
        origin = request.headers.get("Origin")
        if origin is not None and request.method not in ("GET", "HEAD") and urlsplit(origin).netloc != host:
            raise Problem(403, f"A page of {origin} may not drive the sandbox.")

    def _is_own_host(self, name: str) -> bool:
        if "." not in name or name == urlsplit(self.own_url).hostname:  # a name without a dot is nobody's domain
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True
