"""The `onecase` command. It wires rooms together and turns what goes wrong into a sentence and an exit code."""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer

from channels.registry import PlugInFault
from channels.sandbox.server import RunningSandbox, run_sandbox
from policies import PolicyProblems
from router import admin, admin_doctor, admin_people
from router.core.clock import Ms
from router.demo import play_demo
from router.interpreter import starting_to_serve
from router.journal.base import JournalStopped, JournalUnusable
from router.serving import Running, start_service
from router.settings import Settings, SettingsProblem, load_settings
from router.sim.run import NobodyCan, policy_of
from router.sim.run import simulate as play
from router.sim.scenario_file import ScenarioProblems, read_scenario
from router.telemetry import set_up_logs

HELP = "One continuous case over every channel, on the customer's terms."
app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=HELP)
token_app = typer.Typer(no_args_is_help=True, help="Tokens: who may use the API, and as what.")
policy_app = typer.Typer(no_args_is_help=True, help="Policies: what ops change without a developer.")
app.add_typer(token_app, name="token")
app.add_typer(policy_app, name="policy")

Config = Annotated[Path | None, typer.Option(help="settings file (onecase.toml)")]
Data = Annotated[Path | None, typer.Option(help="folder that holds everything")]
Host = Annotated[str | None, typer.Option(help="address to listen on")]
Port = Annotated[int | None, typer.Option(help="port to listen on")]
ClockMode = Annotated[str, typer.Option(help="real, or manual: time moves only by the sandbox's POST /clock")]
SANDBOX_PORT = 8090
NOTHING_LOST = "Nothing that was acknowledged is lost; mend the cause and start again."


class Stop(Exception):
    """Ends the command with a sentence and exit code 1."""


def run() -> None:
    """Entry point of the command line."""
    try:
        app()
    except Stop as stop:
        typer.echo(f"onecase: {stop}", err=True)
        sys.exit(1)


@app.command()
def serve(
    config: Config = None,
    data: Data = None,
    host: Host = None,
    port: Port = None,
    sandbox: Annotated[bool, typer.Option("--sandbox", help="with a telephone sandbox inside")] = False,
    sandbox_port: Annotated[int, typer.Option(help="port of the sandbox; 0 takes a free one")] = SANDBOX_PORT,
    sandbox_url: Annotated[str | None, typer.Option(help="use the sandbox that runs at this address")] = None,
    clock: ClockMode = "real",
    clock_start: Annotated[str | None, typer.Option(help="where a manual clock starts (RFC 3339)")] = None,
) -> None:
    """Run the service."""
    settings = _settings(config, data=data, host=host, port=port)
    if clock not in ("real", "manual"):
        raise Stop(f"--clock is real or manual, not {clock}")
    if clock == "manual" and not (sandbox or sandbox_url):
        raise Stop("--clock manual needs --sandbox: no real provider follows a clock that stands still")
    if sandbox and sandbox_url:
        raise Stop("give --sandbox (inside this process) or --sandbox-url (another one), not both")
    _run(_serve(settings, sandbox, sandbox_port, sandbox_url, clock, clock_start))


@app.command("sandbox")
def sandbox_command(
    target: Annotated[str, typer.Option(help="address of the service")] = "http://127.0.0.1:8080",
    host: Annotated[str, typer.Option(help="address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="port to listen on")] = SANDBOX_PORT,
    clock: ClockMode = "real",
    clock_start: Annotated[str | None, typer.Option(help="where a manual clock starts (RFC 3339)")] = None,
) -> None:
    """Run the sandbox alone, so that it outlives a service that is killed."""
    if clock not in ("real", "manual"):
        raise Stop(f"--clock is real or manual, not {clock}")

    async def work() -> None:
        set_up_logs("info")
        asked = _asked_to_stop()
        running = await run_sandbox(
            target=target,
            host=host,
            port=port,
            clock_mode="manual" if clock == "manual" else "real",
            clock_start=_instant(clock_start),
        )
        typer.echo(f"sandbox ready at {running.url}")
        await asked.wait()
        await running.close()

    _run(work())


@app.command()
def demo(
    data: Data = None,
    port: Port = None,
    sandbox_port: Annotated[int, typer.Option(help="port of the sandbox; 0 takes a free one")] = SANDBOX_PORT,
) -> None:
    """Play a short story over the wire, then leave the service running to try."""
    _run(play_demo(data=data, port=8080 if port is None else port, sandbox_port=sandbox_port, until=_until_stopped))


@app.command()
def check(config: Config = None, data: Data = None) -> None:
    """Say what is wrong with settings, policies, provider and database, and how to mend it; exit 1."""
    try:
        settings = _settings(config, data=data)
    except Stop as stop:
        typer.echo(str(stop))
        sys.exit(1)
    problems = asyncio.run(admin.check(settings))
    for line in problems:
        typer.echo(line)
    if any(not line.startswith("ok") and not line.startswith("warning") for line in problems):
        sys.exit(1)


@app.command()
def doctor(
    url: Annotated[str, typer.Option(help="address of the running service")] = "http://127.0.0.1:8080",
    token: Annotated[str, typer.Option(envvar="ONECASE_TOKEN", help="token of ops or admin")] = "",
) -> None:
    """The running service's health: lag, stuck messages, broken promises, waiting work, each with what to do."""
    lines, healthy = asyncio.run(admin_doctor.doctor(url, token))
    for line in lines:
        typer.echo(line)
    if not healthy:
        sys.exit(1)


@app.command()
def backup(file: Path, config: Config = None, data: Data = None) -> None:
    """Write a whole copy of the data, while the service runs or not."""
    _run(admin.backup(_settings(config, data=data), file))
    typer.echo(f"written to {file}")


@app.command()
def restore(file: Path, config: Config = None, data: Data = None) -> None:
    """Put a backup into a new, empty data folder."""
    set_up_logs("warning")
    again = _wait(admin.restore(_settings(config, data=data), file))
    typer.echo(f"restored; {again} erased again, as the ledger says; `onecase replay` proves it")


@app.command()
def erase(
    customer: Annotated[str, typer.Argument(help="id (cus_…) or any address of theirs")],
    reason: Annotated[str, typer.Option(help="a reference of yours; it is kept, so name nobody in it")] = "",
    whole_person: Annotated[bool, typer.Option(help="with all who were found to be the same person")] = False,
    config: Config = None,
    data: Data = None,
    url: Annotated[str | None, typer.Option(help="address of the running service")] = None,
    token: Annotated[str, typer.Option(envvar="ONECASE_TOKEN", help="token of ops or admin")] = "",
) -> None:
    """Forget a customer: words, names, addresses, files. What happened still stands, without a word."""
    set_up_logs("warning")
    settings = _settings(config, data=data)
    token = _unless_folder(token, data, url)
    typer.echo(_wait(admin_people.erase(settings, customer, reason, url, token, whole_person=whole_person)))


@app.command()
def export(
    customer: Annotated[str, typer.Argument(help="id (cus_…) or any address of theirs")],
    out: Annotated[Path | None, typer.Option(help="the zip that is written; it never overwrites")] = None,
    config: Config = None,
    data: Data = None,
    url: Annotated[str | None, typer.Option(help="address of the running service")] = None,
    token: Annotated[str, typer.Option(envvar="ONECASE_TOKEN", help="token of ops or admin")] = "",
) -> None:
    """Write all that is known of a customer, with their files, as a zip."""
    set_up_logs("warning")
    settings = _settings(config, data=data)
    written = _wait(admin_people.export(settings, customer, out, url, _unless_folder(token, data, url)))
    typer.echo(f"written to {written}")


@app.command()
def migrate(config: Config = None, data: Data = None) -> None:
    """Bring the data folder to this version's schema (serve does it too)."""
    _run(admin.migrate(_settings(config, data=data)))
    typer.echo("up to date")


@app.command()
def replay(config: Config = None, data: Data = None) -> None:
    """Rebuild every document from the log and prove them equal to those kept."""
    differences = asyncio.run(_guarded(admin.replay(_settings(config, data=data), say=typer.echo)))
    if differences:
        sys.exit(1)


@app.command()
def simulate(
    file: Annotated[Path, typer.Argument(help="scenario file (YAML)")],
    seed: Annotated[int, typer.Option(help="the same seed plays the same days")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="for programs, instead of a table")] = False,
) -> None:
    """Play a contact centre in virtual time: who waits how long, who hangs up, what call-backs change."""
    try:
        scenario = read_scenario(file)
        policy = policy_of(scenario)
        began = time.perf_counter()
        report = play(scenario, policy, seed)
    except ScenarioProblems as problems:
        raise Stop("the scenario cannot be used:\n  " + "\n  ".join(map(str, problems.problems))) from None
    except PolicyProblems as problems:
        raise Stop("the policies cannot be used:\n  " + "\n  ".join(map(str, problems.problems))) from None
    except NobodyCan as problem:
        raise Stop(f"the scenario cannot be used: {problem}") from None
    except OSError as error:
        raise Stop(f"cannot read {error.filename or file}: {error.strerror}") from None
    report.seconds_run = time.perf_counter() - began
    typer.echo(json.dumps(report.as_json(), indent=2) if as_json else report.as_table())


@policy_app.command("check")
def policy_check(folder: Annotated[Path | None, typer.Argument(help="folder of policy files")] = None) -> None:
    """Say what is wrong with a policy folder: file, line, what was found and expected."""
    lines, sound = admin.check_policy_folder(folder)
    for line in lines:
        typer.echo(line)
    if not sound:
        sys.exit(1)


@token_app.command("create")
def token_create(
    role: Annotated[str, typer.Option(help="agent, lead, ops, admin or integration")],
    config: Config = None,
    data: Data = None,
    url: Annotated[str | None, typer.Option(help="address of the running service")] = None,
    token: Annotated[str, typer.Option(envvar="ONECASE_TOKEN", help="admin token, for a running service")] = "",
) -> None:
    """Make a token and print it; it is not kept and cannot be read again."""
    typer.echo(_wait(admin.token_create(_settings(config, data=data), role, url, _unless_folder(token, data, url))))


@token_app.command("list")
def token_list(
    config: Config = None,
    data: Data = None,
    url: Annotated[str | None, typer.Option(help="address of the running service")] = None,
    token: Annotated[str, typer.Option(envvar="ONECASE_TOKEN", help="admin token, for a running service")] = "",
) -> None:
    """List tokens by their ids."""
    for line in _wait(admin.token_list(_settings(config, data=data), url, _unless_folder(token, data, url))):
        typer.echo(line)


@token_app.command("revoke")
def token_revoke(
    id: str,
    config: Config = None,
    data: Data = None,
    url: Annotated[str | None, typer.Option(help="address of the running service")] = None,
    token: Annotated[str, typer.Option(envvar="ONECASE_TOKEN", help="admin token, for a running service")] = "",
) -> None:
    """Revoke a token at once."""
    typer.echo(_wait(admin.token_revoke(_settings(config, data=data), id, url, _unless_folder(token, data, url))))


# --- inside -----------------------------------------------------------------------------------------------------------


def _unless_folder(token: str, data: Path | None, url: str | None) -> str:
    """Who names a folder means that folder, whatever token stands in the environment."""
    return "" if data is not None and url is None else token


async def _serve(
    settings: Settings,
    sandbox: bool,
    sandbox_port: int,
    sandbox_url: str | None,
    clock: str,
    clock_start: str | None,
) -> None:
    set_up_logs(settings.log_level)
    asked = _asked_to_stop()
    inside: RunningSandbox | None = None
    if sandbox:
        inside = await run_sandbox(
            target=settings.public_url or f"http://{settings.host}:{settings.port}",
            host=settings.host,
            port=sandbox_port,
            clock_mode="manual" if clock == "manual" else "real",
            clock_start=_instant(clock_start),
        )
    try:
        follows = clock == "manual"
        with starting_to_serve():
            running = await start_service(settings, sandbox=inside, sandbox_url=sandbox_url, follow_clock=follows)
        if inside is not None:
            inside.sandbox.account.aim(settings.public_url or running.url)
        _announce(running, settings, inside.url if inside else sandbox_url)
        failure = await _serve_until(asked, running)
    finally:
        if inside is not None:
            await inside.close()
    if failure is not None:
        raise Stop(f"stopped because {failure}. {NOTHING_LOST}")


async def _serve_until(asked: asyncio.Event, running: Running) -> str | None:
    """Serve until asked to stop; returns why, where the node stopped by itself."""
    stopped = asyncio.ensure_future(asked.wait())
    await asyncio.wait({stopped, running.node.failed}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if not running.node.failed.done():
        await running.drain()
    await running.close()
    return running.node.failed.result() if running.node.failed.done() else None


def _announce(running: Running, settings: Settings, sandbox_url: str | None) -> None:
    typer.echo(f"onecase ready at {running.url}")
    typer.echo(f"  desk     {running.url}/desk")
    typer.echo(f"  API      {running.url}/docs")
    if sandbox_url:
        typer.echo(f"  sandbox  {sandbox_url}")
    elif not settings.twilio.account_sid:
        typer.echo("  no telephone provider: no calls and no texts ([twilio] in onecase.toml, or --sandbox)")
    if running.bootstrap and running.bootstrap != settings.bootstrap_token.get_secret_value():
        typer.echo(f"  admin token (shown once): {running.bootstrap}")


def _asked_to_stop() -> asyncio.Event:
    """Set on SIGINT or SIGTERM, from now on: taken before anybody is told that we are ready."""
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, asked.set)
    return asked


async def _until_stopped() -> None:
    await _asked_to_stop().wait()


def _settings(config: Path | None, **given: Any) -> Settings:
    if config is None and Path("onecase.toml").exists():
        config = Path("onecase.toml")
    try:
        settings = load_settings(config, dict(os.environ), **given)
    except SettingsProblem as problem:
        raise Stop("settings cannot be used:\n  " + "\n  ".join(problem.problems)) from None
    if settings.database_url:
        raise Stop("database_url: PostgreSQL is not built yet; leave it empty to use SQLite in the data folder")
    if settings.data.parts and settings.data.parts[0].endswith(":"):  # a Path keeps one slash of the two
        raise Stop("data: an address stands where a folder is meant; PostgreSQL is not built yet, name a folder")
    return settings


def _instant(text: str | None) -> Ms | None:
    if text is None:
        return None
    from datetime import datetime

    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        raise Stop(f"--clock-start: {text} is no time; write 2026-11-22T14:00:00Z") from None
    if parsed.tzinfo is None:
        raise Stop(f"--clock-start: {text} has no zone; write {text}Z")
    return Ms(int(parsed.timestamp() * 1000))


def _run(work: Coroutine[Any, Any, None]) -> None:
    _wait(work)


def _wait(work: Coroutine[Any, Any, Any]) -> Any:
    return _loop_run(_guarded(work))


def _loop_run(work: Coroutine[Any, Any, Any]) -> Any:
    try:
        import uvloop
    except ImportError:
        return asyncio.run(work)
    return uvloop.run(work)


async def _guarded(work: Coroutine[Any, Any, Any]) -> Any:
    try:
        return await work
    except SettingsProblem as problem:
        raise Stop("; ".join(problem.problems)) from None
    except PolicyProblems as problems:
        raise Stop("the policies cannot be used:\n  " + "\n  ".join(str(p) for p in problems.problems)) from None
    except (JournalUnusable, PlugInFault, admin.AdminProblem, admin_people.PeopleProblem) as problem:
        raise Stop(str(problem)) from None
    except JournalStopped as stopped:
        raise Stop(f"stopped because {stopped}. {NOTHING_LOST}") from None
    except OSError as error:
        if error.errno in (98, 48):
            raise Stop(f"the port is in use ({error.strerror}): choose another with --port or --sandbox-port") from None
        raise Stop(f"cannot go on: {error}") from None
