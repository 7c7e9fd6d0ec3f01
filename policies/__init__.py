"""Policies: what ops change without a developer. Pure: hours, rules, words and verdicts; knows nothing of cases.

Texts come in, a `PolicySet` comes out, which answers where a contact goes, when a queue is open and what we say.
"""

from policies.check import Report, check_policies
from policies.consent import ConsentWord
from policies.explain import explain
from policies.facts import CHANNELS, FACTS, KINDS, Fact, Kind, kind_of
from policies.files import default_policy_files, load_folder_texts
from policies.hours import Hours
from policies.junk import Junk, JunkRules
from policies.parse import parse_policies
from policies.phrases import PHRASES
from policies.policy_set import Number, PolicySet
from policies.problems import PolicyProblems, Problem
from policies.queues import Queue
from policies.retention import Retention
from policies.routing import RelaxStep, Verdict
from policies.settings import (
    AgentSettings,
    CallbackSettings,
    CallSettings,
    CaseSettings,
    Recorded,
    SendingSettings,
    Settings,
)
from policies.staffing import StaffingSettings

__all__ = [
    "CHANNELS",
    "FACTS",
    "KINDS",
    "PHRASES",
    "AgentSettings",
    "CallSettings",
    "CallbackSettings",
    "CaseSettings",
    "ConsentWord",
    "Fact",
    "Hours",
    "Junk",
    "JunkRules",
    "Kind",
    "Number",
    "PolicyProblems",
    "PolicySet",
    "Problem",
    "Queue",
    "Recorded",
    "RelaxStep",
    "Report",
    "Retention",
    "SendingSettings",
    "Settings",
    "StaffingSettings",
    "Verdict",
    "check_policies",
    "default_policy_files",
    "explain",
    "kind_of",
    "load_folder_texts",
    "parse_policies",
]
