"""How a running service is: what its metrics and lists say, in lines, each with what to do.

Its one rule: what needs somebody makes the service not well, and passes by itself when it has been seen to. It changes
nothing.
"""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from router.node.floods import NOT_VOUCHED

SHOWS = (
    "onecase_work_",
    "onecase_class_",
    "onecase_overtakes",
    "onecase_offers",
    "onecase_promises",
    "onecase_legs",
    "onecase_provider_wait_seconds",
    "onecase_mail_answers_held_back",
    "onecase_texts_withheld",
    "onecase_callbacks_booked",
    "onecase_junk_",
    "onecase_consumer_lag",
    "onecase_erasing",
    "onecase_forgotten",
)
OUT = {"email": "mail out"}
FAILURES_MANY = 3
"""Attempts in vain, one after the other, that are no accident any more; what waits is tried again by itself."""
LAG_MAX = 1000
KEPT, JUDGED = "onecase_waits_kept_share", "onecase_waits_judged_total"
CLAIMED = 0.8
"""How many ranges of waits are to hold."""
JUDGED_ENOUGH = 200
SEARCH_LAG = 'onecase_consumer_lag_events{consumer="search"}'
DIALLING_S_MAX = 60
PAGE = 200
PAGES_MAX = 50
BROKEN_SHOWN = 50
"""Of broken promises the newest are looked at: whether their cases still wait."""
WAITS = ("open", "waiting_us")


async def doctor(url: str, token: str) -> tuple[list[str], bool]:
    """Lines about a running service, and whether all is well."""
    timeout = aiohttp.ClientTimeout(total=10)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        async with aiohttp.ClientSession(timeout=timeout, headers=headers) as session:
            async with session.get(f"{url}/readyz") as answer:
                healthy = answer.status == 200
            lines = ["ok ready" if healthy else "not ready: see the log; it may be starting or its disk failed"]
            async with session.get(f"{url}/metrics") as answer:
                metrics = await answer.text()
            told, is_well = judged(samples_of(metrics))
            figures = ["figures:", *figures_of(metrics)]
            lines, healthy = [*lines, *told], healthy and is_well
            if not token:
                why = "outbox not looked at: give --token (or ONECASE_TOKEN) of ops or admin"
                return [*lines, why, *figures], healthy
            async with session.get(f"{url}/api/v1/outbox?state=dead") as answer:
                if answer.status != 200:
                    why = f"this token is answered with {answer.status}; give one of ops or admin"
                    return [*lines, f"outbox not looked at: {why}", *figures], False
                dead = (await answer.json()).get("items", [])
            stuck = await _waiting(session, url, [item for item in dead if item["needs"]])
            async with session.get(f"{url}/api/v1/outbox?state=open&limit={PAGE}") as answer:
                under_way = (await answer.json()).get("items", []) if answer.status == 200 else []
            async with session.get(f"{url}/api/v1/quarantine?limit={PAGE}") as answer:
                said = await answer.json() if answer.status == 200 else {}
            for told, is_well in (
                _outbox(stuck, [item for item in under_way if item["error"]]),
                _promises(await _broken(session, url)),
                _quarantine(said.get("items", []), has_more=said.get("next") is not None),
            ):
                lines, healthy = [*lines, *told], healthy and is_well
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        return [f"{url} does not answer ({type(error).__name__}): is the service running there?"], False
    return [*lines, *figures], healthy


def judged(samples: list[tuple[str, float]]) -> tuple[list[str], bool]:
    """Lines about the metrics of a service, and whether they are well."""
    lines, healthy = list[str](), True
    told = dict(samples)
    if due := told.get("onecase_staff_due", 0.0):
        short = told.get("onecase_staff_short", 0.0)
        lines.append(f"short of staff now: {short:.0f} of {due:.0f}" if short else f"ok staff: all {due:.0f} are there")
    lines += _waits(samples, told)
    for name, value in samples:
        if name == SEARCH_LAG and value > LAG_MAX:
            lines.append(
                f"the search index is {value:.0f} events behind, and what is newer is not found yet: "
                "it is being made while the service runs, and the log says how far it is"
            )
        elif (why := _trouble(name, value)) is not None:
            lines.append(why)
            healthy = False
    return lines, healthy


def _waits(samples: list[tuple[str, float]], told: dict[str, float]) -> list[str]:
    """Whether waits are as long as we say, by queue. What has been judged seldom says little, and heals by itself."""
    lines = list[str]()
    for name, share in samples:
        if not name.startswith(KEPT):
            continue
        whose = name.removeprefix(KEPT)
        judged = told.get(f"{JUDGED}{whose}", 0.0)
        is_well = share >= CLAIMED or judged < JUDGED_ENOUGH
        found = f"{share:.0%} of the waits that were told held, of {judged:.0f} in {_named(whose)}"
        lines.append(f"ok waits: {found}" if is_well else f"waits: {found}: less than the {CLAIMED:.0%} that we say")
    return lines


def figures_of(text: str) -> list[str]:
    """Those of a page of metrics that say how it goes, a line each, in the words that the page has for them."""
    lines = list[str]()
    for metric in text_string_to_metric_families(text):
        if not metric.name.startswith(SHOWS):
            continue
        unit = " s" if metric.name.endswith("_seconds") else ""
        values = [(" · ".join(one.labels.values()), f"{one.value:.0f}{unit}") for one in metric.samples]
        said = ", ".join(f"{name} {value}" if name else value for name, value in values)
        lines.append(f"   {metric.documentation}: {said or 'none'}")
    return lines


def samples_of(text: str) -> list[tuple[str, float]]:
    """The values of a page of metrics, by name with labels."""
    rows = (line.rpartition(" ") for line in text.splitlines() if line and not line.startswith("#"))
    return [(name, float(value)) for name, _, value in rows]


def _named(label: str) -> str:
    """The value of a metric's only label."""
    return label.partition('"')[2].rpartition('"')[0]


def _trouble(name: str, value: float) -> str | None:
    """What is wrong where a metric stands so, and what to do."""
    metric, _, label = name.partition("{")
    whose = _named(label)
    if metric == "onecase_consumer_lag_events" and value > LAG_MAX:
        return f"a consumer is behind: {whose}, by {value:.0f} events; if it does not fall, restart the service"
    if metric == "onecase_provider_wait_seconds" and value > 0:
        return (
            f"the provider of {whose} keeps failing and is left alone for {value:.0f} s: what is to go out waits; "
            "look whether it can be reached and takes our credentials"
        )
    if metric == "onecase_sending_failures" and value >= FAILURES_MANY:
        return (
            f"{OUT.get(whose, whose)} does not get through: the last {value:.0f} attempts failed, and what is to "
            "go out waits; look whether its server can be reached and takes our credentials"
        )
    if metric == "onecase_danger_alone_seconds" and value > 0:
        return (
            f"somebody tells of danger, has waited {value:.0f} s, and nobody who could take it is ready: "
            "have somebody set themselves ready at once, or call them; GET /api/v1/work shows who it is"
        )
    if metric == "onecase_work_alone_seconds" and value > 0:
        return (
            f"in {whose} somebody has waited {value:.0f} s, longer than they should, and nobody who could take it is "
            "ready: have somebody with its skills and channel set themselves ready"
        )
    if metric == "onecase_mailbox_unread" and value:
        return "the mailbox elsewhere cannot be read, so no mail comes from it: the log says why"
    if metric == "onecase_mailbox_folder_unread" and value:
        return "a folder of the mailbox elsewhere cannot be read, and the others are: the log says which and why"
    if metric == "onecase_callbacks_at_risk" and value > 0:
        return (
            f"{value:.0f} promised calls do not fit those who will be there, and were not moved yet: "
            "look at promises at risk, and at GET /api/v1/callbacks/capacity"
        )
    if metric == "onecase_legs_dialling_seconds" and value > DIALLING_S_MAX:
        return (
            f"a call was asked for {value:.0f} s ago and the provider has not said what became of it: "
            "look whether it can be reached"
        )
    if metric == "onecase_junk_flood" and value and whose == NOT_VOUCHED:
        return (
            "many callers from one block of numbers at once, and the provider does not vouch for their numbers: they "
            "spoke and are served as others are; listen to the newest cases by phone whether they mean it, and ask the "
            "provider to block their source"
        )
    if metric == "onecase_junk_flood" and value:
        return (
            f"much junk comes at once, by rule {whose}: nobody is called or written to "
            "because of it; look at /desk/quarantine whether it is junk, and ask the provider to block its source"
        )
    if metric == "onecase_mail_answers_held_back_lately" and value > 0:
        return (
            f"{value:.0f} automatic mails were held back within an hour, for machines seem to answer each other: "
            "look at the newest cases by mail"
        )
    return None


def _outbox(stuck: list[dict[str, Any]], tried: list[dict[str, Any]]) -> tuple[list[str], bool]:
    """Messages that need somebody, and those that were tried in vain and are tried again, which need nobody yet."""
    lines = [f"message {item['id']} is {item['state']} ({item['error']}): {item['advice']}" for item in stuck]
    for channel in sorted({item["channel"] for item in tried}):
        items = [item for item in tried if item["channel"] == channel]
        lines.append(f"by {channel}, tried in vain and tried again: {len(items)}, the last: {items[-1]['error']}")
    return [*lines, f"outbox: {len(stuck)} stuck" if stuck else "ok outbox: 0 stuck"], not stuck


def _promises(broken: list[tuple[dict[str, Any], dict[str, Any]]]) -> tuple[list[str], bool]:
    """Promises that were not kept, with their cases. What was answered otherwise since needs nobody any more."""
    waits = [(promise, case) for promise, case in broken if case["status"] in WAITS]
    lines = [
        f"promise {promise['id']} was broken after {len(promise['attempts'])} tries, and case {case['ref']} still "
        "waits: call them once more or write to them"
        for promise, case in waits
    ]
    count = f"{len(broken)} broken, of which {len(waits)} still wait"
    return [*lines, f"promises: {count}" if waits else f"ok promises: {count}"], not waits


async def _waiting(session: aiohttp.ClientSession, url: str, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those messages that did not arrive whose case still waits: what was answered otherwise needs nobody any more."""
    found = list[dict[str, Any]]()
    for item in items:
        async with session.get(f"{url}/api/v1/cases/{item['case']}") as answer:
            case = await answer.json() if answer.status == 200 else {"status": "open"}
            if case["status"] in WAITS or case.get("ask") is not None:
                found.append(item)
    return found


async def _broken(session: aiohttp.ClientSession, url: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    promises = [one async for one in _all(session, f"{url}/api/v1/promises", state="broken")][-BROKEN_SHOWN:]
    found: list[tuple[dict[str, Any], dict[str, Any]]] = []
    for promise in promises:
        async with session.get(f"{url}/api/v1/cases/{promise['case']}") as answer:
            if answer.status == 200:
                found.append((promise, await answer.json()))
    return found


async def _all(session: aiohttp.ClientSession, address: str, **query: str) -> AsyncIterator[dict[str, Any]]:
    after: str | None = None
    for _ in range(PAGES_MAX):
        asked = {**query, "limit": str(PAGE), **({"after": after} if after else {})}
        async with session.get(f"{address}?{urlencode(asked)}") as answer:
            page = await answer.json() if answer.status == 200 else {}
        for item in page.get("items", []):
            yield item
        after = page.get("next")
        if after is None:
            return


def _quarantine(items: list[dict[str, Any]], *, has_more: bool) -> tuple[list[str], bool]:
    """Lines about what was set aside; only what could not be taken is not well."""
    stuck = [item for item in items if item["case"] is None]
    lines = [f"a contact by {i['channel']} of {i['at']} is aside: {i['reasons'][0]}; mend it, then release {i['id']}"
             for i in stuck]  # fmt: skip
    junk = len(items) - len(stuck)
    count = f"{junk} or more" if has_more else f"{junk}"
    lines.append(
        f"ok quarantine: {count} set aside as junk" + ("; look whether they are: /desk/quarantine" if junk else "")
    )
    return lines, not stuck
