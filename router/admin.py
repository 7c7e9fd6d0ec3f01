"""What an operator does besides serving: check, backup, restore, replay, tokens. Each says what to do next."""

import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp

from channels.registry import Host, PlugInFault, make_channels
from channels.transport import AiohttpTransport
from channels.twilio_messaging import TwilioSettings
from policies import PolicyProblems, PolicySet, check_policies, default_policy_files, load_folder_texts
from router.admin_people import erase_again, learn_erasures
from router.core.clock import Ms
from router.core.documents import State
from router.core.evolve import evolve
from router.core.timeline import entry_of
from router.http.auth import TOKEN_ROLES, Role, Tokens, id_of, new_token
from router.journal import codec
from router.journal.base import JournalUnusable, owner_of
from router.journal.erasures import Erasures
from router.journal.persons import Persons
from router.journal.sqlite import SqliteJournal
from router.journal.sqlite_file import FILE_NAME, write_copy
from router.serving_mail import mail_of
from router.settings import MailSection, Settings, SettingsProblem

PROGRESS_EVERY = 100_000
SHOWN_MAX = 20


class AdminProblem(Exception):
    """A sentence for the operator."""


async def check(settings: Settings) -> list[str]:
    """One line for each finding; `ok …`, `warning …`, or what is wrong and how to mend it."""
    lines: list[str] = []
    policies: PolicySet | None = None
    try:
        files = load_folder_texts(settings.policies) if settings.policies else default_policy_files()
        report = check_policies(files, base=default_policy_files())
        policies = report.policies
        lines += report.lines() or ["ok policies"]
    except PolicyProblems as problems:
        lines += [str(problem) for problem in problems.problems]
    except OSError as error:
        lines.append(f"policies: {settings.policies} cannot be read ({error.strerror}); give a folder of policy files")
    section = settings.twilio
    if section.account_sid and not (section.auth_token.get_secret_value() or section.signing_key.get_secret_value()):
        lines.append("twilio: auth_token is empty, so no webhook can be verified; set ONECASE_TWILIO__AUTH_TOKEN")
    elif section.account_sid and not settings.public_url:
        lines.append("public_url: is empty; signatures are checked against it, so set the address providers call")
    elif section.account_sid:
        lines.append("ok provider settings")
    else:
        lines.append("ok provider: none is set, so there are no calls and no texts")
    lines += _check_mail(settings.mail, policies)
    lines.append(await _check_data(settings))
    lines.append(await _check_channels())
    return lines


def _check_mail(section: MailSection, policies: PolicySet | None) -> list[str]:
    """What is set of mail, both ways. Nobody is asked: a server that is away now is no mistake in the settings."""
    try:
        if mail_of(section, b"nobody's") is None:
            return ["ok mail: no address is set, so none comes and none goes"]
    except SettingsProblem as problem:
        return problem.problems
    ways = [f"SMTP on {section.listen_host}:{section.listen_port}"] if section.listen_port >= 0 else []
    if section.imap.host:
        ways.append(f"IMAP of {section.imap.host}:{section.imap.port} ({', '.join(section.imap.folders)})")
    out = f"out by SMTP to {section.smtp_host}:{section.smtp_port} ({section.smtp_tls})"
    lines = [f"ok mail: {section.address}, in by {' and '.join((*ways, 'the API'))}, {out}"]
    if not ways:
        lines.append("warning mail: neither listen_port nor [mail.imap] is set, so mail comes by the API alone")
    if section.imap.host and not section.imap.password.get_secret_value():
        lines.append("warning mail: mail.imap.password is empty; set ONECASE_MAIL__IMAP__PASSWORD")
    if not section.verifier:
        lines.append("warning mail: mail.verifier is empty, so no mail proves who wrote it")
    if policies is not None and section.address not in policies.numbers:
        shown = section.address.rpartition("@")[2]
        lines.append(f"warning mail: {section.address} is not in numbers.yaml, so people read {shown} as our name")
    return lines


async def _check_channels() -> str:
    async with AiohttpTransport() as transport:
        try:
            return "ok channels: " + ", ".join(channel.id for channel in make_channels(_no_host(transport)))
        except PlugInFault as fault:
            return str(fault)


async def _check_data(settings: Settings) -> str:
    if (why := _unwritable(settings.data)) is not None:
        return f"data: {why}"
    if not (settings.data / FILE_NAME).exists():
        return f"ok data: {settings.data} is new"
    try:
        journal = await SqliteJournal.open(settings.data)
    except JournalUnusable as error:
        return f"data: {error}"
    await journal.close()
    return f"ok data: {settings.data}"


def _unwritable(folder: Path) -> str | None:
    """Why nothing can be kept there; None where it can, or where the folder can be made."""
    above = (folder.absolute(), *folder.absolute().parents)
    there = next((one for one in above if os.path.exists(one)), above[-1])
    if not there.is_dir():
        return f"{there} is a file, and a folder is needed; give another one"
    if not os.access(there, os.W_OK | os.X_OK):
        return f"{there} cannot be written by this user; let them write there, or give another folder"
    return None


def _no_host(transport: AiohttpTransport) -> Host:
    return Host(
        transport=transport,
        public_url="http://127.0.0.1",
        twilio=TwilioSettings(account="AC", secrets=(b"-",), public_url="http://127.0.0.1"),
        twilio_user="AC",
        twilio_secret="-",
        twilio_base_url="http://127.0.0.1",
    )


def check_policy_folder(folder: Path | None) -> tuple[list[str], bool]:
    """Lines for a policy folder (or the default set), and whether it is sound."""
    try:
        files = load_folder_texts(folder) if folder else default_policy_files()
    except OSError as error:
        return [f"{folder}: cannot be read ({error.strerror})"], False
    except PolicyProblems as problems:
        return [str(p) for p in problems.problems], False
    report = check_policies(files, base=default_policy_files())
    return (report.lines() or ["sound"]), report.policies is not None


async def backup(settings: Settings, to: Path) -> None:
    """A consistent copy by SQLite's backup API; the service may go on writing."""
    source = settings.data.absolute() / FILE_NAME
    _must_hold_a_journal(settings)
    if to.exists():
        raise AdminProblem(f"{to} exists; a backup never overwrites, give another name")
    write_copy(source, to)
    Erasures(settings.ledger).has_backup(to.parent)


async def restore(settings: Settings, file: Path) -> int:
    """Put a backup into an empty folder. Refused where a journal already is. Whoever was erased since is erased again;
    returns how many."""
    target = settings.data / FILE_NAME
    if target.exists():
        raise AdminProblem(f"{settings.data} already holds a journal; restore into another, empty folder")
    try:
        with sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True) as db:
            sound = db.execute("PRAGMA quick_check").fetchone()[0]
            db.execute("SELECT count(*) FROM batch").fetchone()
    except sqlite3.Error as error:
        raise AdminProblem(f"{file} is no backup of onecase: {error}") from None
    if sound != "ok":
        raise AdminProblem(f"{file} is damaged: {sound}")
    settings.data.mkdir(parents=True, exist_ok=True)
    learn_erasures(settings, file.absolute().parent)  # first: whoever starts it now erases them before it is ready
    part = target.with_name(target.name + ".part")
    shutil.copyfile(file, part)
    part.rename(target)
    return await erase_again(settings)


async def migrate(settings: Settings) -> None:
    await (await SqliteJournal.open(settings.data)).close()


async def replay(settings: Settings, *, say: Callable[[str], None]) -> int:
    """Fold the whole log and compare with what is kept. Returns the number of differences."""
    _must_hold_a_journal(settings)
    journal = await SqliteJournal.open(settings.data)
    try:
        states, persons = dict[str, State](), Persons()
        position, entries, differences = 0, dict[str, int](), list[str]()
        while batches := await journal.batches(after=position, limit=2000):
            for stored in batches:
                if stored.first != position + 1:
                    differences.append(f"the log has a gap before {stored.first}")
                group = persons.streams(stored.stream)
                if persons.hear(stored.events):
                    group = persons.streams(stored.stream)
                    state = {id: d for stream in group for id, d in states.get(stream, {}).items()}
                else:
                    state = states.get(stored.stream, {})
                for event in stored.events:
                    state = evolve(state, event)
                    if (entry := entry_of(event)) is not None:
                        entries[entry.case] = entries.get(entry.case, 0) + 1
                states.update(dict.fromkeys(group, state))
                position = stored.last
                if position // PROGRESS_EVERY != (stored.first - 1) // PROGRESS_EVERY:
                    say(f"  {position} events …")
        rebuilt = {id: d for state in states.values() for id, d in state.items()}
        for id, document in rebuilt.items():
            kept = await journal.document(id)
            if kept is None or codec.encode_document(kept) != codec.encode_document(document):
                differences.append(f"{codec.KIND_OF[type(document)]} {id} of {owner_of(document)} differs from the log")
        kept_count = sum((await journal.counts()).values())
        if kept_count != len(rebuilt):
            differences.append(f"{kept_count} documents are kept, the log makes {len(rebuilt)}")
        for line in differences[:SHOWN_MAX]:
            say(line)
        say(
            f"{position} events, {len(rebuilt)} documents, {sum(entries.values())} timeline rows: "
            + (f"{len(differences)} differences" if differences else "all equal")
        )
        return len(differences)
    finally:
        await journal.close()


# --- tokens -----------------------------------------------------------------------------------------------------------


def _must_hold_a_journal(settings: Settings) -> None:
    if not (settings.data / FILE_NAME).exists():
        raise AdminProblem(f"{settings.data} holds no journal; give the service's folder with --data")


async def token_create(settings: Settings, role: str, url: str | None, admin: str) -> str:
    """A new token, made by the running service where one holds the folder, else in the folder itself."""
    if role not in TOKEN_ROLES:
        raise AdminProblem(f"there is no role {role}; roles are {', '.join(TOKEN_ROLES)}")
    if url or admin:
        made = await _call("POST", url, admin, "/api/v1/tokens", {"role": role})
        return str(made["token"])
    journal, tokens = await _tokens(settings, may_be_new=True)
    try:
        from channels.clock import RealClock

        token = new_token()
        await tokens.note("made", id_of(token), Role(role))  # first: none is made that nobody knows of
        return await tokens.create(Role(role), at=Ms(RealClock().now()), token=token)
    finally:
        await journal.close()


async def token_list(settings: Settings, url: str | None, admin: str) -> list[str]:
    if url or admin:
        made = await _call("GET", url, admin, "/api/v1/tokens", None)
        return [f"{item['id']}  {item['role']}  {item['agent'] or ''}".rstrip() for item in made["items"]]
    journal, tokens = await _tokens(settings)
    await journal.close()
    return [f"{i.token}  {i.role}  {i.agent or ''}".rstrip() for i in tokens.all()]


async def token_revoke(settings: Settings, id: str, url: str | None, admin: str) -> str:
    if url or admin:
        await _call("DELETE", url, admin, f"/api/v1/tokens/{id}", None)
        return "revoked"
    journal, tokens = await _tokens(settings)
    try:
        known = next((one for one in tokens.all() if one.token == id), None)
        if known is None or not await tokens.revoke(id):
            raise AdminProblem(f"there is no token {id}; `onecase token list` shows them")
        await tokens.note("revoked", id, known.role)
        return "revoked"
    finally:
        await journal.close()


async def _tokens(settings: Settings, *, may_be_new: bool = False) -> tuple[SqliteJournal, Tokens]:
    if not may_be_new:
        _must_hold_a_journal(settings)
    try:
        journal = await SqliteJournal.open(settings.data)
    except JournalUnusable as error:
        raise AdminProblem(f"{error}; for a running service give --url and --token") from None
    tokens = Tokens(journal)
    await tokens.load(bytes.fromhex(await journal.record("instance", "secret") or ""))
    return journal, tokens


async def _call(method: str, url: str | None, token: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
    address = (url or "http://127.0.0.1:8080").rstrip("/") + path
    headers = {"Authorization": f"Bearer {token}"}
    try:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
            async with session.request(method, address, headers=headers, json=body) as answer:
                said: dict[str, Any] = await answer.json(content_type=None)
                if answer.status >= 400:
                    raise AdminProblem(f"{address}: {said.get('detail', answer.status)}")
                return said
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise AdminProblem(f"{address} does not answer ({type(error).__name__})") from None
