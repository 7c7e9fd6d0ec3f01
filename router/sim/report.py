"""What came out of a run, for people as a table and for programs as JSON.

One rule: everything but the seconds that the run took is the same for the same scenario, policy and seed.
"""

from dataclasses import dataclass, field

from router.core.words import HOUR_MS, SECOND_MS
from router.sim.scenario import EVERYBODY
from router.sim.tally import Tally

Json = dict[str, object]
SURE = 1.96
"""Standard errors either side of a figure that is meant to hold 19 times in 20."""


@dataclass(slots=True)
class Promises:
    """Call-backs. `kept`: they talked with an agent; `unreached`: they answered none of our rings."""

    made: int = 0
    kept: int = 0
    unreached: int = 0
    rings: int = 0
    wait_ms: float = 0.0  # of those kept, from their call to the talk

    @property
    def mean_wait_s(self) -> float:
        return self.wait_ms / self.kept / SECOND_MS if self.kept else 0.0


@dataclass(slots=True)
class Fairness:
    """Whether one line is one: those who could be called, by what they chose, with their waits until it was their turn.

    Who chose to hold and hung up later counts among those who hold; a ring that nobody answers ends no wait of ours."""

    holds: Tally = field(default_factory=Tally)
    call_backs: Tally = field(default_factory=Tally)

    @property
    def medians_differ(self) -> float | None:
        """By which share of the longer one; None where nobody chose one of them."""
        if not self.holds.served or not self.call_backs.served:
            return None
        one, other = self.holds.quantile_s(0.5), self.call_backs.quantile_s(0.5)
        return abs(one - other) / max(one, other) if max(one, other) else 0.0


@dataclass(slots=True)
class Report:
    """`classes`: by name, in the order of the scenario; `busy_ms` and `there_ms`: agents' time, with customers and at
    work."""

    everybody: Tally = field(default_factory=Tally)
    classes: dict[str, Tally] = field(default_factory=dict[str, Tally])
    promises: Promises = field(default_factory=Promises)
    fairness: Fairness = field(default_factory=Fairness)
    busy_ms: float = 0.0
    there_ms: float = 0.0
    until_ms: int = 0
    seconds_run: float = 0.0

    @property
    def occupancy(self) -> float:
        return self.busy_ms / self.there_ms if self.there_ms else 0.0

    @property
    def overtaken_share(self) -> float:
        """Of those served: after somebody of their class who had come later."""
        return self.everybody.overtaken / self.everybody.served if self.everybody.served else 0.0

    def as_json(self) -> Json:
        """The names of it stand in the contract with programs."""
        return {
            **_figures(self.everybody),
            "classes": {
                name: {**_figures(tally), "overtakes": tally.overtaken} for name, tally in self.classes.items()
            },
            "promises": {
                "made": self.promises.made,
                "kept": self.promises.kept,
                "unreached": self.promises.unreached,
                "rings": self.promises.rings,
                "mean_wait_s": round(self.promises.mean_wait_s, 3),
            },
            "fairness": {
                "overtaken_share": round(self.overtaken_share, 6),
                "holds": _turns(self.fairness.holds),
                "call_backs": _turns(self.fairness.call_backs),
                "medians_differ": differ if (differ := self.fairness.medians_differ) is None else round(differ, 6),
            },
            "seconds_run": round(self.seconds_run, 3),
        }

    def as_table(self) -> str:
        """For people; each ± holds 19 times in 20."""
        rows = [HEAD, _row(EVERYBODY, self.everybody), *(_row(name, tally) for name, tally in self.classes.items())]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(_aligned(row, widths)).rstrip() for row in rows]
        lines += ["", f"Agents were with customers {self.occupancy:.1%} of the time that they were there."]
        made = self.promises
        if made.made:
            lines.append(
                f"Call-backs: {made.made:,} promised, {made.kept:,} talked after {_time(made.mean_wait_s)} on average, "
                f"{made.unreached:,} not reached; {made.rings:,} rings."
            )
        if (differ := self.fairness.medians_differ) is not None:
            holds, backs = self.fairness.holds, self.fairness.call_backs
            lines.append(
                f"Their turn came in the median after {_time(holds.quantile_s(0.5))} for {holds.served:,} who chose to "
                f"hold and {_time(backs.quantile_s(0.5))} for {backs.served:,} who chose a call: {differ:.1%} apart."
            )
        lines.append(f"Overtaken by somebody of their class who had come later: {self.overtaken_share:.2%}.")
        came, hours = self.everybody.customers, self.until_ms / HOUR_MS
        lines.append(f"{came:,} customers in {hours:,.0f} hours, played in {self.seconds_run:.1f} s.")
        return "\n".join(lines)


HEAD = ("", "customers", "served", "hung up", "waited", "mean wait", "median", "90 %", "within 20 s", "overtaken")


def _row(name: str, tally: Tally) -> tuple[str, ...]:
    waited, wait, gone = tally.errors()
    return (
        name,
        f"{tally.customers:,}",
        f"{tally.served:,}",
        f"{tally.p_abandon:.1%}{_margin(gone, '.1%')}",
        f"{tally.p_wait:.1%}{_margin(waited, '.1%')}",
        f"{tally.mean_wait_s:.1f} s{_margin(wait, '.1f')}",
        _time(tally.quantile_s(0.5)),
        _time(tally.quantile_s(0.9)),
        f"{tally.served_within['20']:.1%}",
        f"{tally.overtaken:,}",
    )


def _margin(error: float, form: str) -> str:
    return f" ± {SURE * error:{form}}" if error < float("inf") else ""


def _time(seconds: float) -> str:
    return f"{seconds / 60:.1f} min" if seconds >= 180 else f"{seconds:.0f} s"


def _aligned(row: tuple[str, ...], widths: list[int]) -> list[str]:
    return [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]


def _turns(tally: Tally) -> Json:
    return {"customers": tally.served, "median_wait_s": round(tally.quantile_s(0.5), 3)}


def _figures(tally: Tally) -> Json:
    return {
        "customers": tally.customers,
        "served": tally.served,
        "abandoned": tally.abandoned,
        "p_wait": round(tally.p_wait, 6),
        "mean_wait_s": round(tally.mean_wait_s, 3),
        "served_within": {seconds: round(share, 6) for seconds, share in tally.served_within.items()},
    }
