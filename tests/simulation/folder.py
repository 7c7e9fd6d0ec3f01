"""The folder of policies that every process reads when it starts, and what ops do with it while contacts and call-backs
are under way: another policy, one with a mistake, one that is written by half.

Its one rule: what cannot be used never becomes live. A service whose policy is broken does not start until it is mended.
"""

from collections.abc import Awaitable, Callable
from random import Random
from typing import NamedTuple

from policies import PolicyProblems, PolicySet, default_policy_files, parse_policies
from tests.simulation.options import OUR_NUMBERS, Options

Planned = tuple[float, Callable[[], Awaitable[object]]]
Texts = dict[str, str]


class Edit(NamedTuple):
    """What somebody changes in one file."""

    file: str
    before: str
    after: str


MAIL_FOR_MIN = 30
"""A mail that nobody takes is tried for so long in a world; worlds are short."""
RELAXES = "    relax:\n      - after: 1 min\n        drop: skill billing\n"
SOUND = (
    (Edit("callbacks.yaml", "busy: 2 min ", "busy: 4 min "), Edit("callbacks.yaml", "again: 3 min ", "again: 5 min ")),
    (Edit("callbacks.yaml", "attempts: 3 ", "attempts: 2 "), Edit("callbacks.yaml", "warn: 5 min ", "warn: 8 min ")),
    (
        Edit("callbacks.yaml", "offer_over: 0 s ", "offer_over: 20 s "),
        Edit("callbacks.yaml", "ring: 25 s", "ring: 20 s"),
    ),
    (Edit("queues.yaml", "phone: 60 s", "phone: 30 s"), Edit("queues.yaml", "message: 1 h", "message: 20 min")),
    (Edit("staffing.yaml", "slot: 20 min ", "slot: 30 min "),),
    (Edit("staffing.yaml", "slot: 20 min ", "slot: 15 min "), Edit("staffing.yaml", "call: 5 min ", "call: 3 min ")),
    (
        Edit("queues.yaml", "  billing:\n    hours: always\n", ""),
        Edit("routing.yaml", f"    queue: billing\n    skills: {{billing: 1}}\n{RELAXES}", "    queue: general\n"),
    ),
)
"""What ops may wish for in the middle of a day: sooner or later attempts, other targets and slots, one queue less."""
BROKEN = (
    (Edit("callbacks.yaml", "attempts: 3 ", "attempts: many "),),
    (Edit("queues.yaml", "  heating:\n", "  heatings:\n"),),
    (Edit("routing.yaml", "rules:\n", "rules:\n\t- name: tabs\n"),),
    (Edit("staffing.yaml", "share: 0.85 ", "share: 8.5 "),),
)
"""Mistakes as they are made: a word for a number, a queue that rules name and nobody has, a tab, a share of 850 %."""


class Folder:
    """What the files say at this instant."""

    def __init__(self, options: Options) -> None:
        self._good = default_policy_files() | _of_world(options)
        self._now = self._good
        self._sound = self._good

    def read(self) -> tuple[PolicySet, Texts] | None:
        """What a process starts with; None: it refuses, and says why."""
        try:
            return parse_policies(self._now, 0, base=default_policy_files()), self._now
        except PolicyProblems:
            return None

    def change(self, edits: tuple[Edit, ...]) -> None:
        """Another policy, of which nothing is wrong."""
        self._now = self._sound = _edited(self._good, edits)
        assert self.read() is not None, edits

    def spoil(self, edits: tuple[Edit, ...]) -> None:
        """Somebody saves a mistake."""
        self._now = _edited(self._good, edits)

    def cut(self, name: str, share: float) -> None:
        """A file is there by half: its editor, or the disk, was not through with it."""
        text = self._good[name]
        self._now = {**self._good, name: text[: int(len(text) * share)]}

    def mend(self) -> None:
        """What was sound last stands there again."""
        self._now = self._sound

    @property
    def texts(self) -> Texts:
        return self._now

    @property
    def is_mistaken(self) -> bool:
        """Whether somebody saved a mistake that everybody must refuse."""
        return any(self._now == _edited(self._good, edits) for edits in BROKEN)


def plan_reloads(
    options: Options, folder: Folder, start_anew: Callable[[], Awaitable[None]], *, length_s: float
) -> list[Planned]:
    """When ops change the files and start the service anew, and when they mend what they broke. `start_anew`: unless
    what runs was started with these files."""
    chance = Random(f"reloads/{options.seed}")
    plan: list[Planned] = []

    def act(change: Callable[[], None], *, mends_after_s: float = 0.0) -> None:
        at = chance.uniform(0, length_s)

        async def changed() -> None:
            change()
            await start_anew()

        async def mended() -> None:
            folder.mend()
            await start_anew()

        plan.append((at, changed))
        if mends_after_s:
            plan.append((at + mends_after_s, mended))

    for _ in range(chance.randint(1, 3)):
        edits = chance.choice(SOUND)
        act(lambda edits=edits: folder.change(edits))
    for _ in range(chance.randint(1, 2)):
        mistake = chance.choice(BROKEN)
        act(lambda mistake=mistake: folder.spoil(mistake), mends_after_s=chance.uniform(5, 90))
    name, share = chance.choice(sorted(default_policy_files())), chance.random()
    act(lambda: folder.cut(name, share), mends_after_s=chance.uniform(1, 30))
    return plan


def _edited(files: Texts, edits: tuple[Edit, ...]) -> Texts:
    changed = dict(files)
    for edit in edits:
        assert edit.before in changed[edit.file], edit
        changed[edit.file] = changed[edit.file].replace(edit.before, edit.after)
    return changed


def _of_world(options: Options) -> Texts:
    files = default_policy_files()
    sending = files["sending.yaml"]
    assert "mail_for: 24 h" in sending
    sending = sending.replace("mail_for: 24 h", f"mail_for: {MAIL_FOR_MIN} min")
    if options.twice:
        name = "twice_is_better_than_never: "
        assert f"{name}no" in sending
        sending = sending.replace(f"{name}no", f"{name}yes")
    found = {"sending.yaml": sending}
    if options.numbers != OUR_NUMBERS:
        found["numbers.yaml"] = _edited(
            files, tuple(Edit("numbers.yaml", *pair) for pair in zip(OUR_NUMBERS, options.numbers, strict=True))
        )["numbers.yaml"]
    if options.recorded != "no":
        kept = "keep" if options.keeps_refused else "delete"
        found["calls.yaml"] = f"record: {options.recorded}\non_refusal: {kept}\n"
    return found
