"""The matcher against its definition: on random lines and agents it names what looking at everybody would name."""

from hypothesis import given, settings
from hypothesis import strategies as st

from router.core.clock import Ms
from router.core.documents import Agent, Ask, Requirement
from router.core.matcher import Matcher, Waiting, score_of
from router.core.values import replace
from router.core.words import AgentId, AgentState, CaseId, Channel, CustomerId, VaultId, WorkId

NOW = Ms(10_000_000)
SKILLS = st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 3)), max_size=2, unique_by=lambda s: s[0]).map(
    lambda found: tuple(sorted(found))
)


@st.composite
def waiting(draw: st.DrawFn) -> list[Waiting]:
    found: list[Waiting] = []
    for n in range(draw(st.integers(0, 12))):
        requirement = Requirement(
            channel=Channel.SMS,
            skills=draw(SKILLS),
            language=draw(st.sampled_from([None, "de"])),
            rate=draw(st.sampled_from([1.0, 2.0])),
            priority=draw(st.sampled_from([0, 0, 1])),
        )
        ask = Ask(
            work=WorkId(f"work_{n:02d}"),
            place_at=Ms(draw(st.integers(0, 9_999_999))),
            queue="q",
            requirement=requirement,
            policy=1,
            rule="r",
        )
        passed = tuple(AgentId(f"agt_{i}") for i in draw(st.sets(st.integers(0, 3), max_size=1)))
        found.append(
            Waiting(
                work=ask.work,
                case=CaseId("c"),
                customer=CustomerId("k"),
                ask=ask,
                requirement=requirement,
                passed_by=passed,
            )
        )
    return found


@st.composite
def agents(draw: st.DrawFn) -> list[Agent]:
    return [
        Agent(
            id=AgentId(f"agt_{n}"),
            version=1,
            name=VaultId("v"),
            skills=draw(SKILLS),
            languages=draw(st.sampled_from([("en",), ("de", "en")])),
            capacity=(("message", draw(st.integers(0, 2))),),
            state=draw(st.sampled_from([AgentState.READY, AgentState.READY, AgentState.AWAY])),
            since=Ms(draw(st.integers(0, 100))),
        )
        for n in range(draw(st.integers(1, 4)))
    ]


def can(agent: Agent, item: Waiting, load: int) -> bool:
    """The definition, without an index."""
    skills = dict(agent.skills)
    return (
        agent.state is AgentState.READY
        and load < agent.room_for("message")
        and agent.id not in item.passed_by
        and all(skills.get(name, 0) >= level for name, level in item.requirement.skills)
        and (item.requirement.language is None or item.requirement.language in agent.languages)
    )


@settings(max_examples=300, deadline=None)
@given(line=waiting(), present=agents(), gone=st.sets(st.integers(0, 11)))
def test_an_agent_gets_the_highest_score_of_all_that_fits(line: list[Waiting], present: list[Agent], gone: set[int]):
    matcher = Matcher()
    for agent in present:
        matcher.put_agent(agent)
    for item in line:
        matcher.add(item)
    for n in gone:
        matcher.remove(WorkId(f"work_{n:02d}"))
    left = [item for item in line if int(item.work[-2:]) not in gone]
    for agent in present:
        fits = [item for item in left if can(agent, item, 0)]
        best = min(
            fits, key=lambda i: (-i.requirement.priority, -score_of(i.ask, NOW), i.ask.place_at, i.work), default=None
        )
        match = matcher.for_agent(agent.id, NOW)
        assert (match.waiting if match else None) == best


@settings(max_examples=300, deadline=None)
@given(line=waiting(), present=agents(), loads=st.lists(st.integers(0, 2), min_size=4, max_size=4))
def test_new_work_goes_to_the_least_loaded_then_longest_idle(
    line: list[Waiting], present: list[Agent], loads: list[int]
):
    matcher = Matcher()
    for agent, load in zip(present, loads, strict=False):
        matcher.put_agent(agent)
        for _ in range(load):
            matcher.hold(agent.id, "message")
    for item in line:
        matcher.add(item)
        free = [(loads[n], a.since, a.id) for n, a in enumerate(present) if can(a, item, loads[n])]
        match = matcher.for_work(item.work, NOW)
        assert (match.agent if match else None) == (min(free)[2] if free else None)


def test_a_class_is_served_in_order_of_place_whatever_the_order_of_coming():
    requirement = Requirement(channel=Channel.SMS)
    matcher = Matcher()
    agent = Agent(
        id=AgentId("agt_0"),
        version=1,
        name=VaultId("v"),
        skills=(),
        languages=("en",),
        capacity=(("message", 99),),
        state=AgentState.READY,
    )
    matcher.put_agent(agent)
    ask = Ask(work=WorkId("w"), place_at=Ms(0), queue="q", requirement=requirement, policy=1, rule="r")
    for place in (5, 3, 9, 1):
        one = replace(ask, work=WorkId(f"w{place}"), place_at=Ms(place))
        matcher.add(
            Waiting(work=one.work, case=CaseId("c"), customer=CustomerId("k"), ask=one, requirement=requirement)
        )
    order: list[str] = []
    while (match := matcher.for_agent(agent.id, NOW)) is not None:
        order.append(match.waiting.work)
        matcher.remove(match.waiting.work)
    assert order == ["w1", "w3", "w5", "w9"]
