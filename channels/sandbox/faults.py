"""Faults that the sandbox commits on command, and how often.

Its one rule: a share of 0 or 1 draws no chance, any other draws once per question, so a run repeats bit for bit.
What each means: see the fields.
"""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

DELAY_S_MAX = 86_400
CALLS_PER_S_MAX = 1_000
REORDER_HOLD_MS = 2_000


def _share(came: object) -> float:
    if isinstance(came, (bool, int, float)) and 0 <= came <= 1:
        return float(came)
    raise ValueError("expected a number from 0 to 1, or true or false")


Share = Annotated[float, BeforeValidator(_share)]


class Faults(BaseModel):
    """Shares of what is hit, from 0 (never) to 1 (always); true is 1. The REST API is hit before an effect, except by
    `truncate` and `lose_answers`, which spoil the answer of a call that had its effect. What is said of mail hits mail
    alone."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    duplicate_webhooks: Share = Field(default=0.0, description="a webhook comes twice, with the same idempotency token")
    reorder: Share = Field(
        default=0.0, description=f"a webhook is held {REORDER_HOLD_MS} ms, so that later ones overtake it"
    )
    delay_s: float = Field(
        default=0.0,
        ge=0,
        le=DELAY_S_MAX,
        description="each REST call and each webhook takes so long on its way (clock time)",
    )
    provider_down: Share = Field(
        default=0.0, description="REST answers 503/20503; webhooks are not sent, what came is logged"
    )
    error_rate: Share = Field(default=0.0, description="REST answers 500/20500 without effect")
    lose_status: Share = Field(default=0.0, description="a status callback is never sent")
    truncate: Share = Field(
        default=0.0, description="the REST call has its effect; its JSON answer is cut in the middle"
    )
    lose_answers: Share = Field(
        default=0.0, description="the REST call has its effect; the connection breaks without answer"
    )
    throttle: Share = Field(default=0.0, description="REST answers 429/20429 with Retry-After, without effect")
    calls_per_s: float = Field(
        default=0.0,
        ge=0,
        le=CALLS_PER_S_MAX,
        description="calls that the service orders wait for their turn, so many a second (an account has 1 unless it "
        "asks for more); 0: each goes at once",
    )
    mail_greylist: Share = Field(
        default=0.0, description="a mail from the service is refused with 451 for its first minute, then taken"
    )
    mail_lost_answer: Share = Field(
        default=0.0, description="a mail from the service is taken; the connection breaks before 250"
    )
    mail_bounce_later: Share = Field(
        default=0.0, description="a mail from the service is answered with 250, and its bounce comes a minute later"
    )
    mail_twice: Share = Field(default=0.0, description="a mail to the service is delivered twice")
    mail_two_folders: Share = Field(
        default=0.0, description="a mail from the service stands in two folders of its mailbox"
    )
