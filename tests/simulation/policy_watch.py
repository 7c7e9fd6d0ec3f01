"""Invariant 30: whatever comes is routed by the one policy that is live, and a new one counts from one instant on."""

from dataclasses import dataclass

from router.core.events import ContactReceived, PolicyActivated
from tests.simulation.log import Judge, Taken


@dataclass
class PolicyWatch:
    judge: Judge
    live: int = 0

    def look(self, batch: Taken) -> None:
        for event in batch.events:
            match event:
                case PolicyActivated():
                    if event.policy != self.live + 1:
                        self.judge.broken(30, f"policy {event.policy} came after {self.live}")
                    self.live = event.policy
                case ContactReceived() if event.policy != self.live:
                    self.judge.broken(30, f"{event.contact} went by policy {event.policy} while {self.live} was live")
                case _:
                    pass
