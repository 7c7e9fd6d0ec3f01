"""What an operator does about one customer: erase and export, at a running service or in the folder of a stopped one;
and erasing again whom a restored backup brought back.

Its one rule: both ways do the same, by the same code, and leave the same in the log.
"""

import io
import json
import re
import zipfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp

from channels.clock import Activity, RealClock
from channels.numbers import facts_of
from channels.twilio_recording import recording_id
from policies import default_policy_files, load_folder_texts, parse_policies
from router.core.addresses import matching_key
from router.core.commands import SYSTEM, EraseCustomer, ErasePart, ExportCustomer, ExportPart
from router.core.documents import Customer
from router.core.errors import Reason, Rejected
from router.core.words import CustomerId
from router.http.export import export_of, export_of_parts
from router.http.problems import problem_of
from router.journal.base import Journal, JournalUnusable
from router.journal.erasures import FILE_NAME as LEDGER_NAME
from router.journal.erasures import Erasures
from router.journal.faultpoints import FaultPoints
from router.journal.sqlite import SqliteJournal
from router.node.customers import CustomerScope
from router.node.eraser import Eraser
from router.node.others import Part, parts_of, parts_of_person
from router.node.person import person_in
from router.node.taking import Means
from router.settings import Settings

FILE_S = 60.0
OTHERS = "/api/v1/participants"
ODD = re.compile(r"[^\w.-]+")

Fetch = Callable[[dict[str, Any]], Awaitable[bytes | None]]
"""The content of a file of an export; None where it is gone."""


class PeopleProblem(Exception):
    """A sentence for the operator."""


@dataclass(frozen=True, slots=True)
class Folder:
    """The folder of a stopped service."""

    journal: Journal
    customers: CustomerScope
    eraser: Eraser
    clock: RealClock


@asynccontextmanager
async def folder_of(settings: Settings) -> AsyncIterator[Folder]:
    """Open it for commands about people. Raises PeopleProblem where a service runs in it."""
    try:
        journal = await SqliteJournal.open(settings.data)
    except JournalUnusable as error:
        raise PeopleProblem(f"{error}; for a running service give --url and --token") from None
    try:
        clock, faults = RealClock(), FaultPoints()
        defaults = default_policy_files()
        given = load_folder_texts(settings.policies) if settings.policies else {}
        means = Means(
            secret=bytes.fromhex(await journal.record("instance", "secret") or ""),
            policy=parse_policies({**defaults, **given}, 0, base=defaults),
            facts_of=facts_of,
            senders={},
        )
        customers = CustomerScope(journal=journal, clock=clock, means=means, faults=faults, spoken_id=recording_id)
        ledger = Erasures(settings.ledger)
        eraser = Eraser(journal=journal, ledger=ledger, clock=clock, activity=Activity(), faults=faults)
        journal.listen(eraser.hear)
        yield Folder(journal=journal, customers=customers, eraser=eraser, clock=clock)
    finally:
        await journal.close()


async def erase(
    settings: Settings, who: str, reason: str, url: str | None, token: str, *, whole_person: bool = False
) -> str:
    """Erase a customer, named by id or by any of their addresses, or whoever only takes part under an address. Raises
    PeopleProblem where a hold stands, and where others were found to be the same person, unless the whole person is
    meant."""
    if url or token:
        id = await _found(who, url, token)
        if id is None:
            said = await _ask("POST", url, token, f"{OTHERS}/erase", {"address": who, "reason": reason})
            return f"{who} {said['state']}; cases of others: {len(said['cases'])}"
        said = await _ask(
            "POST", url, token, f"/api/v1/customers/{id}/erase", {"reason": reason, "whole_person": whole_person}
        )
        return f"{said['customer']} {said['state']}"
    async with folder_of(settings) as folder:
        customer = await _customer(folder.journal, who)
        if customer is None:
            count = await _erase_parts(folder, await _parts(folder.journal, who), reason)
            await folder.eraser.begin(folder.customers.take)
            return f"{who} erased; cases of others: {count}"
        if customer.erased_at is None:
            person = await person_in(folder.journal, customer.id)
            if (len(person) == 1 or whole_person) and not any(one.hold for one in person):
                with suppress(PeopleProblem):  # a hold stands on somebody else: they keep what was said to them
                    await _erase_parts(folder, await parts_of_person(folder.journal, person), reason)
            command = EraseCustomer(
                key=_key(folder), customer=customer.id, actor=SYSTEM, reason=reason, whole_person=whole_person
            )
            try:
                await folder.customers.take(command)
            except Rejected as rejected:
                if rejected.reason is Reason.JOINED:
                    raise PeopleProblem(str(problem_of(rejected).detail)) from None
                # else it is wanted already
            found = await folder.journal.document(customer.id)
            if not isinstance(found, Customer) or found.erased_at is None:
                raise PeopleProblem("a hold stands on this customer; the erasure is wanted and is done when it ends")
        await folder.eraser.begin(folder.customers.take)
        return f"{customer.id} erased"


async def export(settings: Settings, who: str, out: Path | None, url: str | None, token: str) -> Path:
    """Write all that is known of a customer, with their files, as a zip. It never overwrites."""
    if url or token:
        id = await _found(who, url, token)
        if id is None:
            read = await _ask("POST", url, token, f"{OTHERS}/export", {"address": who})
        else:
            read = await _ask("POST", url, token, f"/api/v1/customers/{id}/export", None)
        return await _write(read, out, lambda file: _file(url, token, str(file["url"])))
    async with folder_of(settings) as folder:
        shown = await _exported(folder, who)

        async def stored(file: dict[str, Any]) -> bytes | None:
            return await folder.journal.blob(str(file["sha256"])) if file["sha256"] else None

        return await _write(shown, out, stored)


async def _exported(folder: Folder, who: str) -> dict[str, Any]:
    customer = await _customer(folder.journal, who)
    if customer is None:
        parts = await _parts(folder.journal, who)
        for part in parts:
            key = f"{_key(folder)}/{part.case.id}"
            await folder.customers.take(ExportPart(key=key, case=part.case.id, address=part.address, actor=SYSTEM))
        return (await export_of_parts(folder.journal, parts, at=folder.clock.now())).model_dump(
            mode="json", by_alias=True
        )
    try:
        await folder.customers.take(ExportCustomer(key=_key(folder), customer=customer.id, actor=SYSTEM))
    except Rejected:
        raise PeopleProblem("this customer was erased") from None
    shown = await export_of(folder.journal, customer.id, at=folder.clock.now())
    return shown.model_dump(mode="json", by_alias=True)


def learn_erasures(settings: Settings, beside: Path) -> None:
    """Take over what the ledger beside a backup says."""
    Erasures(settings.ledger).learn(Erasures(beside / LEDGER_NAME).all())


async def erase_again(settings: Settings) -> int:
    """In a folder that was restored: erase whom the ledger names. Returns how many."""
    async with folder_of(settings) as folder:
        return await folder.eraser.begin(folder.customers.take)


# --- files ------------------------------------------------------------------------------------------------------------


async def _write(read: dict[str, Any], out: Path | None, fetch: Fetch) -> Path:
    to = out or Path(f"{read.get('customer', 'takes-part')}.zip")
    if to.exists():
        raise PeopleProblem(f"{to} exists; an export never overwrites, give another name with --out")
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in (file for case in (*read.get("cases", ()), *read["takes_part"]) for file in case["files"]):
            body = await fetch(file)
            file["in_zip"] = f"files/{file['id']}-{ODD.sub('_', str(file['name']))[-80:] or 'file'}" if body else None
            if body is not None:
                archive.writestr(str(file["in_zip"]), body)
        archive.writestr("export.json", json.dumps(read, ensure_ascii=False, indent=1))
    part = to.with_name(to.name + ".part")
    part.touch(mode=0o600)
    part.write_bytes(content.getvalue())
    part.rename(to)
    return to


# --- inside -----------------------------------------------------------------------------------------------------------


def _key(folder: Folder) -> str:
    return f"command-line/{folder.clock.now()}"


async def _customer(journal: Journal, who: str) -> Customer | None:
    """None: nobody has this address, but somebody may take part under it. Raises PeopleProblem for an id of nobody."""
    found = await journal.document(who)
    if not isinstance(found, Customer):
        loaded = await journal.load_by_address(matching_key(who))
        found = await journal.document(loaded.customer) if loaded.customer else None
    if not isinstance(found, Customer) and "@" not in who:
        raise PeopleProblem(_nobody(who))
    return found if isinstance(found, Customer) else None


def _nobody(who: str) -> str:
    return f"there is no customer {who}; give an id (cus_…) or a whole address"


async def _parts(journal: Journal, who: str) -> list[Part]:
    parts = await parts_of(journal, [who])
    if not parts:
        raise PeopleProblem(_nobody(who))
    return parts


async def _erase_parts(folder: Folder, parts: list[Part], reason: str) -> int:
    """Erase them wherever they take part. Returns in how many cases. Raises PeopleProblem where a hold stands."""
    held = False
    for part in parts:
        key = f"{_key(folder)}/{part.case.id}/{part.address}"
        command = ErasePart(key=key, case=part.case.id, address=part.address, actor=SYSTEM, reason=reason)
        try:
            await folder.customers.take(command)
        except Rejected as rejected:  # else it is done, with another case of that customer
            held = held or rejected.reason is Reason.HELD
    if held:
        raise PeopleProblem("a hold stands on a customer in whose case they take part: nothing goes there")
    return len(parts)


async def _found(who: str, url: str | None, token: str) -> str | None:
    """The id of a customer. None: nobody has this address, but somebody may take part under it."""
    if who.startswith("cus_"):
        return CustomerId(who)
    page = await _ask("GET", url, token, "/api/v1/customers?" + urlencode({"q": who}), None)
    ids = [str(item["id"]) for item in page["items"]]
    if not ids and "@" in who:
        return None
    if len(ids) != 1:
        raise PeopleProblem(f"{len(ids)} customers are found by {who}; give an id (cus_…)")
    return ids[0]


async def _ask(method: str, url: str | None, token: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
    address = (url or "http://127.0.0.1:8080").rstrip("/") + path
    headers = {"Authorization": f"Bearer {token}"}
    try:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=FILE_S)) as session:
            async with session.request(method, address, headers=headers, json=body) as answer:
                said: dict[str, Any] = await answer.json(content_type=None)
                if answer.status >= 400:
                    raise PeopleProblem(f"{address}: {said.get('detail', answer.status)}")
                return said
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise PeopleProblem(f"{address} does not answer ({type(error).__name__})") from None


async def _file(url: str | None, token: str, path: str) -> bytes | None:
    address = (url or "http://127.0.0.1:8080").rstrip("/") + path
    try:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=FILE_S)) as session:
            async with session.get(address, headers={"Authorization": f"Bearer {token}"}) as answer:
                return await answer.read() if answer.status == 200 else None
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise PeopleProblem(f"{address} does not answer ({type(error).__name__})") from None
