"""Waits that are true: what a person or a figure reads is since when somebody asked; the place alone orders."""

from datetime import timedelta

from tests.story import HERS, Json, Story, World, instant

ANAS = "+14155550201"


async def oldest_s(story: World, queue: str = "general") -> float:
    """How long the longest in a queue has waited, by the figures."""
    metrics = (await story.ask("GET", "/metrics")).body.decode()
    name = f'onecase_work_oldest_seconds{{queue="{queue}"}} '
    return float(next(line.removeprefix(name) for line in metrics.splitlines() if line.startswith(name)))


async def goes_on_by_text(story: World) -> Json:
    """She calls, waits twenty seconds and chooses to be answered in writing; her case."""
    her = story.phone(HERS)
    await her.calls()
    await story.passes(seconds=20)
    await her.presses("3")
    await story.passes(seconds=10)
    return await story.one_case()


async def test_a_call_that_becomes_written_work_waits_since_it_was_a_call() -> None:
    """A third of a minute of a call's target is a third of an hour of a text's: that orders, and is said as such. The
    case, the line, the offer, the desk and the figures say since when she has really waited."""
    async with Story() as story:
        began = await story.now()
        case = await goes_on_by_text(story)
        ask = case["ask"]
        assert instant(ask["since"]) - began < timedelta(seconds=15)
        assert began - instant(ask["place_at"]) > timedelta(minutes=10), "the share of the target counts"
        waited_s = (await story.now() - instant(ask["since"])).total_seconds()
        assert await oldest_s(story) == waited_s
        [waiting] = (await story.api("GET", "/work"))["waiting"]
        assert (waiting["since"], waiting["place_at"]) == (ask["since"], ask["place_at"])
        ana = await story.ready_agent("Ana")
        offer = await ana.offered()
        assert (offer["since"], offer["place_at"]) == (ask["since"], ask["place_at"])
        why = "the share of the target that they waited for another channel counts on here"
        assert offer["place_reasons"] == [why]
        page = await ana.page(case["id"])
        assert f'In line since <time datetime="{ask["since"]}"' in page
        assert f'goes before whoever came after <time datetime="{ask["place_at"]}"' in page
        assert why in page
        [held] = (await story.api("GET", "/work"))["held"]
        assert held["since"] == ask["since"]


async def test_a_text_that_becomes_a_call_has_waited_since_the_text() -> None:
    """She wrote ten minutes ago and calls: on the phone she counts as if she had called a few seconds ago, and whoever
    is offered it reads that she has waited for ten minutes. The promised call keeps both."""
    async with Story() as story:
        her = story.phone(HERS)
        await her.texts("E42 again, the flat is cold")
        began = (await story.one_case())["ask"]["since"]
        await story.passes(minutes=10)
        await her.calls()
        await story.passes(seconds=20)
        ask = (await story.one_case())["ask"]
        assert ask["since"] == began
        assert instant(ask["place_at"]) - instant(began) > timedelta(minutes=9)
        await her.presses("1")
        await story.passes(seconds=10)
        case = await story.one_case()
        [promise] = case["promises"]
        assert (promise["since"], case["ask"]["since"]) == (began, began)
        assert promise["place_at"] == ask["place_at"]
        ana = await story.ready_agent("Ana", phone=ANAS)
        assert (await ana.offered())["since"] == began


async def test_a_credit_is_not_told_as_a_wait() -> None:
    """Who comes back stands a little further ahead; she has waited since she wrote."""
    async with Story() as story:
        ana = await story.ready_agent("Ana")
        her = story.phone(HERS)
        await her.texts("hello")
        await ana.finishes(await ana.accepts(), "solved")
        await story.passes(hours=30)
        await her.texts("not solved after all")
        now = await story.now()
        ask = (await story.one_case())["ask"]
        assert (instant(ask["since"]), now - instant(ask["place_at"])) == (now, timedelta(minutes=6))
        await ana.is_now("ready")
        offer = await ana.offered()
        assert offer["place_reasons"] == ["came back within 7 days: 6 min count as waited already"]
        await ana.transfers(await ana.accepts(offer), "queue:general")
        again = (await story.one_case())["ask"]
        assert (again["since"], again["place_at"]) == (ask["since"], ask["place_at"])
        await story.restarts()
        assert (await story.one_case())["ask"]["since"] == ask["since"]
