"""The faults of one world, at their times: the weather on each wire, the disk's troubles, crashes and restarts."""

from collections.abc import Awaitable, Callable
from random import Random
from typing import Protocol

from tests.simulation.disk import Platter
from tests.simulation.network import Link
from tests.simulation.options import Options
from tests.simulation.post_office import PostOffice
from tests.simulation.provider import Provider

POINTS = (
    "webhook.before_decide",
    "webhook.before_answer",
    "relay.before_fold",
    "relay.after_fold",
    "matcher.before_offer",
    "outbox.before_attempt",
    "outbox.before_send",
    "outbox.after_send",
    "outbox.after_record",
    "disk.before_write",
    "disk.before_sync",
    "disk.after_sync",
)
JUMPS_MS = (-3_600_000, -1_000, 1_000, 60_000, 3_600_000, 7_200_000)
CALL_POINTS = ("dialler.before_attempt", "dialler.before_dial", "dialler.after_dial", "dialler.before_move")
MAIL_POINTS = ("mail.before_take", "mail.before_answer")
RECORDING_POINTS = (
    "recorder.before_attempt",
    "recorder.before_asking",
    "recorder.after_asking",
    "recorder.before_stop",
    "recorder.before_delete",
)
Planned = tuple[float, Callable[[], Awaitable[object]]]


class Stage(Protocol):
    """What faults act on."""

    webhooks: Link
    rest: Link
    api: Link
    platter: Platter
    provider: Provider
    office: PostOffice | None

    async def crash(self) -> None: ...
    async def crash_at(self, point: str, nth: int) -> None: ...
    async def restart(self) -> None: ...
    async def second_process(self) -> None: ...
    async def jump(self, ms: int) -> None: ...
    async def stall(self, seconds: float) -> None: ...
    async def rotate(self) -> None: ...


class Troubles:
    """Makes trouble from the beginning, and ends it."""

    def __init__(self, options: Options, stage: Stage) -> None:
        self._options = options
        self._stage = stage
        self._chance = Random(f"troubles/{options.seed}")
        self._is_over = False
        self.length_s = options.minutes * 60.0 * (options.turmoil if options.mode == "liveness" else 1.0)

    async def begin(self) -> None:
        """The faults that are there all the time."""
        has, share, stage = self._options.has, self._options.strength, self._stage
        web, rest, api = stage.webhooks.weather, stage.rest.weather, stage.api.weather
        if has("webhook_lost"):
            web.lost = web.refused = share
        if has("webhook_answer_lost"):
            web.answer_lost = web.gateway = share
        web.repeated = share if has("webhook_repeated") else 0.0
        web.late = share if has("webhook_late") else 0.0
        web.slow = share if has("webhook_slow") else 0.0
        if has("rest_lost"):
            rest.lost = rest.refused = share
            rest.late = share / 2
        rest.answer_lost = share if has("rest_answer_lost") else 0.0
        rest.gateway = share if has("rest_gateway") else 0.0
        rest.slow = share if has("webhook_slow") else 0.0
        if has("api_lost"):
            api.lost = api.refused = api.answer_lost = api.repeated = api.slow = share
        stage.platter.trouble.slow = share if has("disk_slow") else 0.0
        stage.provider.exchange.breaks = max(share, 0.1) if has("lines_break") else 0.0
        self._mail_weather()
        await stage.provider.faults(**self._provider_faults())

    def _mail_weather(self) -> None:
        if (office := self._stage.office) is None:
            return
        has, share = self._options.has, self._options.strength
        for weather in (office.to_service.weather, office.from_service.weather):
            if has("mail_refused"):
                weather.refused = weather.passing = share / 2
            weather.broken = share / 2 if has("mail_broken") else 0.0
            weather.answer_lost = share if has("mail_answer_lost") else 0.0
            weather.slow = share if has("mail_slow") else 0.0
        box = office.mailbox.weather
        if has("mailbox_breaks"):
            box.refused = box.torn = box.withheld = box.twice = share
            box.broken = share / 2

    def _provider_faults(self, *, down: bool = False) -> dict[str, float]:
        has, share = self._options.has, self._options.strength
        faults: dict[str, float] = {"provider_down": 1.0} if down else {}
        if has("rest_errors"):
            faults |= {"error_rate": share, "throttle": share}
        if has("rest_malformed"):
            faults |= {"truncate": share}
        if has("rest_answer_lost"):
            faults |= {"lose_answers": share / 2}
        if has("webhook_repeated"):
            faults |= {"duplicate_webhooks": share}
        if has("webhook_slow"):
            faults |= {"reorder": share}
        if self._stage.office is not None:
            faults |= self._mail_faults()
        if has("status_lost"):
            faults |= {"lose_status": max(share, 0.3)}
        return faults

    def _mail_faults(self) -> dict[str, float]:
        has, share = self._options.has, self._options.strength
        return {
            "mail_greylist": share if has("mail_greylist") else 0.0,
            "mail_lost_answer": share / 2 if has("mail_answer_lost") else 0.0,
            "mail_bounce_later": share / 2 if has("mail_bounces") else 0.0,
            "mail_twice": share if has("mail_repeated") else 0.0,
            "mail_two_folders": share if has("mail_repeated") else 0.0,
        }

    async def end(self) -> None:
        """Everything is mended but what never heals: callbacks that the provider does not send, phones that are off."""
        self._is_over = True
        stage = self._stage
        for weather in (stage.webhooks.weather, stage.rest.weather, stage.api.weather):
            weather.clear()
        if stage.office is not None:
            stage.office.to_service.weather.clear()
            stage.office.from_service.weather.clear()
            stage.office.mailbox.weather.clear()
        stage.platter.trouble.clear()
        stage.provider.exchange.breaks = 0.0
        keeps = self._options.mode == "liveness" and self._options.has("status_lost")
        await stage.provider.faults(**({"lose_status": 0.5} if keeps else {}))

    def plan(self) -> list[Planned]:
        """The faults that come at a time, in order."""
        has, chance, stage = self._options.has, self._chance, self._stage
        plan: list[Planned] = []

        def some(at_most: int, act: Callable[[], Callable[[], Awaitable[object]]]) -> None:
            for _ in range(chance.randint(1, at_most)):
                plan.append((chance.uniform(0, self.length_s), act()))

        if has("crash"):
            some(3, lambda: stage.crash)
            some(5, lambda: self._at_point(chance.choice(POINTS), chance.randint(1, 12)))
            if self._options.calls:
                some(3, lambda: self._at_point(chance.choice(CALL_POINTS), chance.randint(1, 4)))
            if stage.office is not None:
                by_mail = Random(f"troubles/mail/{self._options.seed}")
                for _ in range(by_mail.randint(1, 3)):
                    act = self._at_point(by_mail.choice(MAIL_POINTS), by_mail.randint(1, 8))
                    plan.append((by_mail.uniform(0, self.length_s), act))
            if self._options.calls and self._options.recorded != "no":
                tape = Random(f"troubles/recording/{self._options.seed}")
                point = self._at_point(tape.choice(RECORDING_POINTS), tape.randint(1, 4))
                plan.append((tape.uniform(0, self.length_s), point))
        if has("restart"):
            some(3, lambda: stage.restart)
        if has("second_process"):
            some(2, lambda: stage.second_process)
        if has("disk_fails"):
            some(3, lambda: self._failing_disk)
        if has("provider_down"):
            some(2, lambda: self._provider_down)
        if has("clock_jump"):
            some(2, lambda: self._jump(chance.choice(JUMPS_MS)))
        if has("stall"):
            some(5, lambda: lambda: stage.stall(3.0))
        if stage.office is not None and has("mailbox_changes"):
            box = Random(f"troubles/mailbox/{self._options.seed}")
            for _ in range(box.randint(1, 5)):
                plan.append((box.uniform(0, self.length_s), stage.office.mailbox.stir))
        if has("secret_rotated"):
            plan.append((chance.uniform(0, self.length_s), stage.rotate))
        for at, on in [p for p in plan if p[1] in (self._failing_disk, self._provider_down)]:
            off = self._mended_disk if on == self._failing_disk else self._provider_up
            plan.append((at + chance.uniform(1, self.length_s / 4), off))
        plan.sort(key=lambda planned: planned[0])
        return plan

    def _at_point(self, point: str, nth: int) -> Callable[[], Awaitable[object]]:
        return lambda: self._stage.crash_at(point, nth)

    def _jump(self, ms: int) -> Callable[[], Awaitable[object]]:
        return lambda: self._stage.jump(ms)

    async def _failing_disk(self) -> None:
        trouble = self._stage.platter.trouble
        if self._chance.random() < 0.5:
            trouble.full = 0.3
        else:
            trouble.sync_fails = 0.3

    async def _mended_disk(self) -> None:
        self._stage.platter.trouble.full = self._stage.platter.trouble.sync_fails = 0.0

    async def _provider_down(self) -> None:
        self._stage.rest.weather.refused = 0.5
        await self._stage.provider.faults(**self._provider_faults(down=True))

    async def _provider_up(self) -> None:
        if self._is_over:
            return
        self._stage.rest.weather.refused = self._options.strength if self._options.has("rest_lost") else 0.0
        await self._stage.provider.faults(**self._provider_faults())
