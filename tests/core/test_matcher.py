"""The matcher against its definition: whatever happens in whatever order, it names what looking at everybody would."""

import itertools
import random
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from router.core.clock import Ms
from router.core.documents import Agent, Ask, Requirement
from router.core.free_agents import GONE_MAX
from router.core.matcher import Matcher, Waiting, score_of
from router.core.values import replace
from router.core.words import AgentId, AgentState, CaseId, Channel, CustomerId, VaultId, WorkId

WORKS, AGENTS = 10, 5
BESIDE = {"phone": ("message",), "message": ("email",), "email": ("message",), "chat": ()}
KINDS = {"message": Channel.SMS, "email": Channel.EMAIL, "phone": Channel.PHONE}

SKILLS = st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 2)), max_size=2, unique_by=lambda s: s[0]).map(
    lambda found: tuple(sorted(found))
)
IDS = st.integers(0, AGENTS - 1).map(lambda n: AgentId(f"agt_{n}"))
REQUIREMENTS = st.sampled_from(
    [
        Requirement(channel=Channel.SMS),
        Requirement(channel=Channel.SMS, rate=2.0),
        Requirement(channel=Channel.SMS, priority=1),
        Requirement(channel=Channel.SMS, target_ms=60_000),
        Requirement(channel=Channel.SMS, skills=(("a", 1),)),
        Requirement(channel=Channel.SMS, skills=(("a", 2), ("b", 1))),
        Requirement(channel=Channel.SMS, language="de"),
        Requirement(channel=Channel.EMAIL, skills=(("b", 1),)),
        Requirement(channel=Channel.PHONE),
        Requirement(channel=Channel.SMS, priority=9),
    ]
)


@st.composite
def waiting(draw: st.DrawFn, work: int | None = None) -> Waiting:
    requirement = draw(REQUIREMENTS)
    n = draw(st.integers(0, WORKS - 1)) if work is None else work
    ask = Ask(
        work=WorkId(f"work_{n:02d}"),
        place_at=Ms(draw(st.integers(0, 5))),
        queue=draw(st.sampled_from("qr")),
        requirement=requirement,
        policy=1,
        rule="r",
        since_at=draw(st.sampled_from([None, None, Ms(0), Ms(3), Ms(9)])),
    )
    return Waiting(
        work=ask.work,
        case=CaseId("c"),
        customer=CustomerId("k"),
        ask=ask,
        requirement=draw(st.sampled_from([requirement, requirement, replace(requirement, skills=())])),
        passed_by=tuple(sorted(draw(st.just(set[AgentId]()) | st.sets(IDS, max_size=2)))),
        only=draw(st.sampled_from([*[None] * 6, AgentId("agt_0"), AgentId("agt_1")])),
        turn=draw(st.sampled_from([0] * 6 + [1, 2])),
    )


@st.composite
def agents(draw: st.DrawFn) -> Agent:
    rooms = {kind: draw(st.integers(0, 3)) for kind in KINDS}
    return Agent(
        id=draw(IDS),
        version=1,
        name=VaultId("v"),
        skills=draw(SKILLS),
        languages=draw(st.sampled_from([("en",), ("de", "en")])),
        capacity=tuple((kind, n) for kind, n in rooms.items() if n),
        state=draw(st.sampled_from([AgentState.READY] * 6 + [AgentState.AWAY, AgentState.OFF])),
        since=Ms(draw(st.integers(0, 5))),
        phone=draw(st.sampled_from([VaultId("v"), VaultId("v"), None])),
        asked=draw(st.sampled_from([*[None] * 6, AgentState.AWAY])),
    )


@dataclass
class Everybody:
    """The definition: looks at all that wait and at all who are here, each time."""

    beside: dict[str, tuple[str, ...]] | None
    line: dict[WorkId, Waiting] = field(default_factory=dict)
    agents: dict[AgentId, Agent] = field(default_factory=dict)
    held: dict[AgentId, list[str]] = field(default_factory=dict)
    idle_at: dict[AgentId, int] = field(default_factory=dict)

    def has_room(self, agent: Agent, kind: str) -> bool:
        held = self.held.get(agent.id, [])
        together = self.beside is None or all(other == kind or other in self.beside[kind] for other in held)
        is_ready = agent.state is AgentState.READY and agent.asked is None
        return is_ready and held.count(kind) < agent.room_for(kind) and together

    def can(self, agent: Agent, item: Waiting) -> bool:
        skills = dict(agent.skills)
        if not self.has_room(agent, item.requirement.kind) or agent.id in item.passed_by:
            return False
        if item.only is not None:
            return agent.id == item.only
        return all(skills.get(name, 0) >= level for name, level in item.requirement.skills) and (
            item.requirement.language is None or item.requirement.language in agent.languages
        )

    def for_agent(self, id: AgentId, now: Ms) -> WorkId | None:
        agent = self.agents.get(id)
        fits = [item for item in self.line.values() if agent is not None and self.can(agent, item)]
        ranks = [(-turn_of(i), -score_of(i.requirement, i.ask.place_at, now), i.ask.place_at, i.work) for i in fits]
        return min(ranks)[3] if ranks else None

    def for_work(self, work: WorkId) -> AgentId | None:
        item = self.line.get(work)
        free = [a for a in self.agents.values() if item is not None and self.can(a, item)]
        ranks = [(len(self.held.get(a.id, [])), max(self.idle_at.get(a.id, 0), a.since), a.id) for a in free]
        return min(ranks)[2] if ranks else None

    def is_overtaking(self, work: WorkId) -> bool:
        item = self.line[work]
        equals = [i for i in self.line.values() if (i.ask.queue, i.requirement) == (item.ask.queue, item.requirement)]
        mine, plain = (turn_of(item), item.only), (3 if item.requirement.priority == 9 else 0, None)
        same = [i for i in equals if (turn_of(i), i.only) in (mine, plain)]
        return any((i.ask.place_at, i.work) < (item.ask.place_at, item.work) for i in same)


def turn_of(item: Waiting) -> int:
    return 3 if item.requirement.priority == 9 else item.turn


STEPS = st.one_of(
    waiting().map(lambda item: ("add", item)),
    st.integers(0, WORKS - 1).map(lambda n: ("remove", WorkId(f"work_{n:02d}"))),
    agents().map(lambda agent: ("agent", agent)),
    agents().map(lambda agent: ("agent", agent)),
    st.tuples(IDS, st.sampled_from(sorted(KINDS))).map(lambda held: ("hold", held)),
    st.tuples(IDS, st.sampled_from(sorted(KINDS))).map(lambda held: ("free", held)),
    st.integers(0, WORKS - 1).map(lambda n: ("match work", WorkId(f"work_{n:02d}"))),
    IDS.map(lambda agent: ("match agent", agent)),
)


@settings(max_examples=600, deadline=None)
@given(
    line=st.lists(waiting(), min_size=4),
    here=st.lists(agents(), min_size=2),
    steps=st.lists(STEPS),
    together=st.booleans(),
)
def test_every_decision_is_that_of_looking_at_everybody(
    line: list[Waiting], here: list[Agent], steps: list[tuple[str, object]], together: bool
):
    """Lines, agents, loads, named work, refusals and turns in any order: the index names the same pair, every time."""
    matcher, slow = Matcher(None if together else BESIDE), Everybody(None if together else BESIDE)
    at_the_end = [("match work", WorkId(f"work_{n:02d}")) for n in range(WORKS)]
    at_the_end += [("match agent", AgentId(f"agt_{n}")) for n in range(AGENTS)]
    begun = [*(("add", item) for item in line), *(("agent", agent) for agent in here)]
    for now, (what, about) in enumerate([*begun, *steps, *at_the_end], 10):
        step(matcher, slow, what, about, Ms(now))
        assert len(matcher) == len(slow.line)
    then = Ms(1000)
    ordered = sorted(slow.line.values(), key=lambda i: (i.ask.place_at, i.work))
    ranks = [(-turn_of(i), -score_of(i.requirement, i.ask.place_at, then), i.ask.place_at, i.work)
             for i in slow.line.values()]  # fmt: skip
    assert [item.work for item in matcher.next_up(4, then)] == [rank[3] for rank in sorted(ranks)[:4]]
    present = [dict(a.skills) for a in slow.agents.values() if a.state is not AgentState.OFF]
    for skill, level in itertools.product("ab", range(1, 5)):
        assert matcher.is_held(skill, level) == any(held.get(skill, 0) >= level for held in present)
    wanted = [i.work for i in ordered if any(name == "a" for name, _ in i.requirement.skills)]
    assert matcher.requiring(["a"]) == wanted
    assert matcher.meant_for(AgentId("agt_0")) == [i.work for i in ordered if i.only == "agt_0"]
    by_queue = {i.ask.queue: [w.ask.waits_since for w in ordered if w.ask.queue == i.ask.queue] for i in ordered}
    assert matcher.waiting_by_queue() == {queue: (len(waits), min(waits)) for queue, waits in by_queue.items()}


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(), together=st.booleans())
def test_every_decision_of_a_long_day_is_that_of_looking_at_everybody(seed: int, together: bool):
    """Work comes, is taken and given back two thousand times, by whoever is next and now and then by others; people
    go and come back. Whatever the index left behind on the way, it names the same pair to the end."""
    matcher, slow = Matcher(None if together else BESIDE), Everybody(None if together else BESIDE)
    chance = random.Random(seed)
    wanted = [(Channel.SMS, ()), (Channel.SMS, (("a", 1),)), (Channel.EMAIL, (("b", 1),)), (Channel.SMS, (("b", 1),))]
    requirements = [Requirement(channel=channel, skills=skills) for channel, skills in wanted]
    for now in range(10, 2_010):
        id = AgentId(f"agt_{chance.randrange(AGENTS)}")
        if now < 10 + AGENTS or not chance.randrange(40):
            skills = chance.choice([(("a", 1),), (("b", 1),), (("a", 1), ("b", 1))])
            state = chance.choice([AgentState.READY, AgentState.READY, AgentState.AWAY])
            rooms = (("message", chance.randint(1, 4)), ("email", 2))
            agent = one_agent(id=id, skills=skills, capacity=rooms, state=state, since=Ms(now // 3))
            step(matcher, slow, "agent", agent, Ms(now))
        item = text(f"work_{now % WORKS:02d}", now, chance.choice(requirements))
        step(matcher, slow, "add", replace(item, passed_by=(id,)) if not chance.randrange(9) else item, Ms(now))
        step(matcher, slow, "match work", item.work, Ms(now))
        if (next_id := slow.for_work(item.work)) is not None and chance.randrange(9):
            step(matcher, slow, "hold", (next_id, item.requirement.kind), Ms(now))
        step(matcher, slow, "remove", item.work, Ms(now))
        for busy in sorted(id for id, held in slow.held.items() if held and not chance.randrange(4)):
            step(matcher, slow, "free", (busy, chance.choice(slow.held[busy])), Ms(now))


def step(matcher: Matcher, slow: Everybody, what: str, about: object, now: Ms) -> None:
    match what, about:
        case "add", Waiting():
            matcher.add(about)
            slow.line[about.work] = about
        case "remove", str():
            assert matcher.remove(WorkId(about)) == slow.line.pop(WorkId(about), None)
        case "agent", Agent():
            matcher.put_agent(about)
            slow.agents[about.id] = about
            slow.idle_at[about.id] = max(slow.idle_at.get(about.id, 0), about.since)
        case (("hold" | "free"), (id, kind)) if id in slow.agents:
            held = slow.held.setdefault(AgentId(id), [])
            if what == "hold":
                matcher.hold(id, kind)
                held.append(kind)
            elif kind in held:
                matcher.free(id, kind, now)
                held.remove(kind)
                slow.idle_at[id] = now
        case "match work", str():
            found = matcher.for_work(WorkId(about), now)
            assert (found.agent if found else None) == slow.for_work(WorkId(about))
            if found:
                assert bool(found.overtakes) == slow.is_overtaking(WorkId(about))
        case "match agent", str():
            found = matcher.for_agent(AgentId(about), now)
            assert (found.waiting.work if found else None) == slow.for_agent(AgentId(about), now)
            if found:
                assert bool(found.overtakes) == slow.is_overtaking(found.waiting.work)
        case _:
            pass


def one_agent(**changes: object) -> Agent:
    agent = Agent(
        id=AgentId("agt_0"),
        version=1,
        name=VaultId("v"),
        skills=(),
        languages=("en",),
        capacity=(("message", 99),),
        state=AgentState.READY,
    )
    return replace(agent, **changes)


def text(work: str, place: int, requirement: Requirement | None = None) -> Waiting:
    required = requirement or Requirement(channel=Channel.SMS)
    ask = Ask(work=WorkId(work), place_at=Ms(place), queue="q", requirement=required, policy=1, rule="r")
    return Waiting(work=ask.work, case=CaseId("c"), customer=CustomerId("k"), ask=ask, requirement=required)


def test_a_line_is_served_in_order_of_place_whatever_the_order_of_coming():
    matcher = Matcher()
    matcher.put_agent(one_agent())
    for place in (5, 3, 9, 1):
        matcher.add(text(f"w{place}", place))
    order: list[str] = []
    while (match := matcher.for_agent(AgentId("agt_0"), Ms(10))) is not None:
        order.append(match.waiting.work)
        matcher.remove(match.waiting.work)
    assert order == ["w1", "w3", "w5", "w9"]


def test_low_priority_is_overtaken_within_its_bound_and_never_starves():
    """S30: fifty urgent ones stand before ordinary work and one more comes before each that is served, for ever. Ordinary
    work is overtaken only by those who come within the first three quarters of its wait, then it is served."""
    matcher = Matcher()
    matcher.put_agent(one_agent())
    matcher.add(text("ordinary", 0))
    urgent = Requirement(channel=Channel.SMS, priority=3)
    for now in range(1, 1000):
        matcher.add(text(f"urgent_{now:03d}", now, urgent))
        if now > 50:
            match = matcher.for_agent(AgentId("agt_0"), Ms(now))
            assert match is not None
            matcher.remove(match.waiting.work)
            if match.waiting.work == "ordinary":
                assert len(matcher) == 51
                assert min(item.ask.place_at for item in matcher.heads()) >= 0.75 * now
                return
    raise AssertionError("ordinary work was never served")


def test_agents_take_turns_when_work_is_rare():
    """The longest idle is next: one call after the other goes round, not always to the same person."""
    matcher = Matcher()
    for n in range(3):
        matcher.put_agent(one_agent(id=AgentId(f"agt_{n}")))
    served: list[str] = []
    for now in range(1, 7):
        matcher.add(text("w", now))
        match = matcher.for_work(WorkId("w"), Ms(now))
        assert match is not None
        matcher.remove(WorkId("w"))
        matcher.hold(match.agent, "message")
        matcher.free(match.agent, "message", Ms(now))
        served.append(match.agent)
    assert served == ["agt_0", "agt_1", "agt_2"] * 2


def test_what_has_gone_does_not_pile_up():
    """Behind a head that nobody can take, work that comes and goes leaves next to nothing."""
    matcher = Matcher()
    matcher.put_agent(one_agent())
    matcher.add(text("head", 0))
    for n in range(10_000):
        matcher.add(text(f"w{n}", n + 1))
        matcher.remove(WorkId(f"w{n}"))
        matcher.for_work(WorkId("head"), Ms(n))
        matcher.hold(AgentId("agt_0"), "message")
        matcher.free(AgentId("agt_0"), "message", Ms(n))
    [line] = matcher._lines.values()
    [need] = matcher._needs.values()
    assert len(line.heap) <= 2 + GONE_MAX + 1
    assert sum(map(len, need.free.queues)) + len(need.free.others) <= 2 + GONE_MAX + 1


@settings(max_examples=20, deadline=None)
@given(seed=st.integers())
def test_a_hundred_contacts_on_three_agents_never_exceed_a_limit(seed: int):
    """S28: capacity three for chats and one for calls: at every instant nobody holds more, a call stands alone with
    what it may interrupt, and all hundred are served."""
    channels = {"chat": Channel.CHAT, "phone": Channel.PHONE, "message": Channel.SMS}
    matcher = Matcher({"phone": ("message",), "chat": ("message",), "message": ("chat",)})
    rooms = (("phone", 1), ("chat", 3), ("message", 2))
    held: dict[AgentId, list[str]] = {AgentId(f"agt_{n}"): [] for n in range(3)}
    for id in held:
        matcher.put_agent(one_agent(id=id, capacity=rooms, phone=VaultId("v")))
    served, now = 0, 0
    chance = random.Random(seed)
    waiting_kinds = chance.sample([*["chat"] * 60, *["phone"] * 20, *["message"] * 20], 100)
    while waiting_kinds or len(matcher) or any(held.values()):
        now += 1
        before = {id: list(kinds) for id, kinds in held.items()}
        match = None
        if waiting_kinds:
            work = f"w{now:03d}"
            matcher.add(text(work, now, Requirement(channel=channels[waiting_kinds.pop()])))
            match = matcher.for_work(WorkId(work), Ms(now))
        if match is None:
            id = chance.choice(sorted(held))
            if held[id]:
                matcher.free(id, kind := held[id].pop(chance.randrange(len(held[id]))), Ms(now))
                before[id].remove(kind)
            match = matcher.for_agent(id, Ms(now))
        if match is not None:
            kind = match.waiting.requirement.kind
            assert "phone" not in before[match.agent], "whoever is in a call is offered nothing"
            assert kind != "phone" or "chat" not in before[match.agent], "a call never comes into a chat"
            matcher.remove(match.waiting.work)
            matcher.hold(match.agent, kind)
            held[match.agent].append(kind)
            served += 1
        assert all(kinds.count(kind) <= most for kinds in held.values() for kind, most in rooms)
    assert served == 100
