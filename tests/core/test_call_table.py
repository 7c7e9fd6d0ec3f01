"""The state table of calls: nobody is left nowhere, and every document we answer with is a valid one."""

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any, cast

import pytest

from channels.twilio_messaging import TwilioSettings
from channels.twilio_voice import TwilioVoice
from policies import default_policy_files, parse_policies
from router.core.call_table import MUSIC, TABLE, Row, Script, script_of
from router.core.clock import Ms
from router.core.documents import Call, Case, Opening
from router.core.values import replace
from router.core.waits.said import Told
from router.core.words import CallId, CallRole, CallState, CaseId, CaseStatus, CustomerId, JoinMode, Step

DOCUMENT = Path(__file__).parents[2] / "docs" / "calls.md"
BYTES_MAX = 64 * 1024
CHILDREN = {
    "Response": {"Say", "Play", "Gather", "Dial", "Redirect", "Hangup"},
    "Gather": {"Say", "Play", "Pause"},
    "Dial": {"Conference"},
}
ATTRIBUTES = {
    "Say": {"language"},
    "Gather": {"input", "action", "timeout", "language", "speechTimeout", "numDigits", "finishOnKey"},
    "Dial": {"action"},
    "Conference": {
        *("beep", "startConferenceOnEnter", "endConferenceOnExit", "waitUrl", "waitMethod"),
        *("statusCallback", "statusCallbackEvent", "participantLabel", "muted", "coach"),
    },
}
FILES = default_policy_files()
POLICY = parse_policies(FILES, 1, base=FILES)
CALL = Call(
    id=CallId("call_CA1"),
    version=1,
    customer=CustomerId("cus_1"),
    case=CaseId("case_1"),
    role=CallRole.CUSTOMER,
    to="adr_1",
    via="+14155550100",
    started_at=Ms(0),
    language="en",
    state=CallState.LIVE,
    turn=3,
)
CASE = Case(
    id=CaseId("case_1"), version=1, ref="48-2196-3", status=CaseStatus.OPEN, customer=CustomerId("cus_1"),
    queue="</Say><Dial>+19005550100</Dial>", opened_at=Ms(0), changed_at=Ms(0),
)  # fmt: skip


def voice() -> TwilioVoice:
    settings = TwilioSettings(account="AC1", secrets=(b"s",), public_url="https://care.example")
    return TwilioVoice(settings, cast(Any, None), cast(Any, None))  # nothing is sent here


def scripts() -> list[tuple[str, Script]]:
    found: list[tuple[str, Script]] = []
    for step, row in TABLE.items():
        for language in ("en", "de", "es", "xx"):
            for rounds in range(len(row.says) + 1):
                call = replace(CALL, step=step, rounds=rounds, language=language, attested=True)
                found.append((f"{step}-{language}-{rounds}", script_of(call, CASE, POLICY)))
        for notice in ("messages", "calls"):
            told = replace(CALL, step=step, notice=notice)
            found.append((f"{step}-notice-of-{notice}", script_of(told, CASE, POLICY)))
        for first in ("recording_choice", "recording_off"):
            after = replace(CALL, step=step, first=first, announced="calls", announced_at=Ms(1))
            found.append((f"{step}-{first}", script_of(after, CASE, POLICY)))
    for step in (Step.WAITING, Step.PROMISED):
        for wait in (Told(Ms(0)), Told(Ms(0), 0, 60), Told(Ms(0), 0, 120), Told(Ms(0), 240, 480)):
            for language in ("en", "de", "es"):
                told = replace(CALL, step=step, rounds=3, language=language, wait=wait)
                found.append((f"{step}-{language}-{wait.low_s}-{wait.high_s}", script_of(told, CASE, POLICY)))
    for step in (Step.WHISPER, Step.BESIDE, Step.GOODBYE):
        for mode in JoinMode:
            lead = replace(CALL, step=step, role=CallRole.LEAD, mode=mode, coached="CA2")
            found.append((f"{step}-lead-{mode}", script_of(lead, CASE, POLICY)))
    return found


def test_a_notice_cannot_be_cut_short() -> None:
    """No key, no word and no room: it is said to its end, and then the next turn is fetched."""
    for step in (Step.GREETING, Step.WORDS, Step.TALKING, Step.OPENING):
        root = ET.fromstring(voice().speak(script_of(replace(CALL, step=step, notice="calls"), CASE, POLICY)).body)
        assert {child.tag for child in root} == {"Say", "Redirect"}
        assert "This call is recorded." in [child.text for child in root]


def test_nobody_hears_a_lead_whose_agent_is_not_there() -> None:
    """Whispering is into one ear; where that ear is not known the lead is muted."""
    lead = replace(CALL, step=Step.BESIDE, role=CallRole.LEAD, mode=JoinMode.WHISPER)
    assert script_of(lead, CASE, POLICY).muted
    whispers = script_of(replace(lead, coached="CA2"), CASE, POLICY)
    assert (whispers.muted, whispers.coached) == (False, "CA2")
    assert not script_of(replace(CALL, step=Step.BESIDE, role=CallRole.AGENT), CASE, POLICY).muted


@pytest.mark.parametrize("script", [s for _, s in scripts()], ids=[name for name, _ in scripts()])
def test_every_document_is_valid_and_small(script: Script) -> None:
    """By the verbs' own rules: known names, allowed nesting and attributes, below 64 KB, and an end that goes on."""
    body = voice().speak(script).body
    assert len(body) < BYTES_MAX
    root = ET.fromstring(body)
    assert root.tag == "Response"
    _valid(root)
    assert root[-1].tag in ("Redirect", "Hangup", "Dial"), "no document ends in silence"
    assert all(dial.find("Number") is None and not (dial.text or "").strip() for dial in root.iter("Dial"))


def _valid(element: ET.Element) -> None:
    for child in element:
        assert child.tag in CHILDREN.get(element.tag, set()), f"<{child.tag}> in <{element.tag}>"
        assert set(child.attrib) <= ATTRIBUTES.get(child.tag, set()), child.attrib
        _valid(child)


@pytest.mark.parametrize("step", list(Step))
def test_every_step_has_an_otherwise(step: Step) -> None:
    """No answer leads somewhere, every way leads to a known step, and every phrase can be said."""
    row = TABLE[step]
    assert row.silence in TABLE
    assert set(row.keys.values()) <= set(TABLE)
    for said in row.says:
        assert all(name == MUSIC or name in POLICY.phrases.parts for name in said)
    assert row.ends or row.room or row.listen_s > 0, "it speaks and then nothing happens"


def test_from_every_step_somebody_silent_comes_to_rest() -> None:
    """Saying nothing at all ends in line, on hold, or with a good-bye, never in a circle of its own."""
    for first in Step:
        step, seen = first, list[Step]()
        while step not in seen:
            seen.append(step)
            step = TABLE[step].silence
        assert step in (Step.WAITING, Step.HELD, Step.GOODBYE, Step.WHISPER)


def drawn() -> str:
    """The table as docs/calls.md shows it."""
    lines = ["| step | what it is | they hear | keys | words | no answer |", "| --- | --- | --- | --- | --- | --- |"]
    for step, row in TABLE.items():
        says = "; then ".join(" + ".join(said) or "nothing" for said in row.says)
        keys = ", ".join(f"{key} → {to.value}" for key, to in row.keys.items()) or "—"
        lines.append(
            f"| `{step.value}` | {row.meaning} | {says}{_after(row)} | {keys} | {_to(row.speech)} | {_otherwise(row)} |"
        )
    return "\n".join(lines)


def _after(row: Row) -> str:
    if row.room:
        return ", then the room"
    return ", then the call ends" if row.ends else f", then {row.listen_s} s"


def _to(step: Step | None) -> str:
    return f"→ {step.value}" if step else "—"


def _otherwise(row: Row) -> str:
    return "—" if row.ends else f"→ {row.silence.value}"


def test_the_documentation_shows_the_codes_own_table() -> None:
    assert drawn() in DOCUMENT.read_text(encoding="utf-8"), f"put this into docs/calls.md:\n{drawn()}"


@pytest.mark.parametrize("closed", [None, Opening(at=None, zone="UTC")])
@pytest.mark.parametrize("language", ["en", "de", "es"])
def test_who_gets_no_texts_is_offered_none(closed: Opening | None, language: str) -> None:
    """In line, at every round, open or closed: key 3 is named to those alone whom a text can reach."""

    def heard(*, no_text: bool) -> str:
        calls = [
            replace(CALL, step=Step.WAITING, rounds=n, closed=closed, no_text=no_text, language=language)
            for n in range(4)
        ]
        return " ".join(said for call in calls for said in script_of(call, CASE, POLICY).says if said is not None)

    assert " 3" in heard(no_text=False)
    assert " 3" not in heard(no_text=True)


def test_what_a_turn_tells_of_the_wait_is_said_before_the_choices() -> None:
    """In each language; not in the round in which hanging up is spoken of, nor before the choices are told. A call that
    is promised is promised within its upper end."""
    known, unknown = Told(Ms(0), 240, 480), Told(Ms(0))

    def said(step: Step, rounds: int, wait: Told | None, language: str = "en") -> str:
        call = replace(CALL, step=step, rounds=rounds, wait=wait, language=language, attested=True)
        return " ".join(one for one in script_of(call, CASE, POLICY).says if one is not None)

    assert ["between 4 and 8" in said(Step.WAITING, n, known) for n in range(5)] == [False, True, False, True, True]
    assert ["cannot say" in said(Step.WAITING, n, unknown) for n in range(5)] == [False, True, False, True, True]
    assert "zwischen 4 und 8 Minuten" in said(Step.WAITING, 1, known, "de")
    assert "entre 4 y 8 minutos" in said(Step.WAITING, 1, known, "es")
    assert "within 8 minutes" in said(Step.PROMISED, 0, known)
    assert "within" not in said(Step.PROMISED, 0, unknown) + said(Step.PROMISED, 0, None)
