"""What happens as spend comes near, and who is told."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from finops.budget.v1 import budget_pb2 as pb

from services.budget.domain.codec import rule_of
from services.budget.domain.faults.values import Faults, too_long, too_many, wrong_enum

MAX_THRESHOLDS = 20
"""Of each kind: those given by percent alone, and rules."""
MAX_THRESHOLD_PERCENT = 1_000
MAX_BURN_HOURS = 744
MAX_LABELS = 32
MAX_LABEL_VALUE = 255

_LABEL_RULE = "a name has 1 to 63 letters, digits and _ . / -, with a letter or digit first and last"
_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_./-]{0,61}[A-Za-z0-9])?")


def alert_faults(message: pb.Budget) -> Faults:
    for description in _percent_faults(message.threshold_percents):
        yield "threshold_percents", description
    yield from wrong_enum("enforcement", message.enforcement, pb.Enforcement)
    yield from _rule_faults(message)
    yield from wrong_enum("failure_mode", message.failure_mode, pb.FailureMode)
    yield from too_many("labels", message.labels, MAX_LABELS)
    for name, value in sorted(message.labels.items()):
        if not _LABEL.fullmatch(name):
            yield (
                f"labels[{name[:64]}]",
                "a name has 1 to 63 letters, digits, _ . / and -, the first and last of the former",
            )
        yield from too_long(f"labels[{name[:64]}]", value, MAX_LABEL_VALUE)


def _percent_faults(percents: Sequence[int]) -> Sequence[str]:
    found = []
    if len(percents) > MAX_THRESHOLDS:
        found.append(f"at most {MAX_THRESHOLDS}, these are {len(percents)}")
    if any(not 1 <= percent <= MAX_THRESHOLD_PERCENT for percent in percents):
        found.append(f"each must lie between 1 and {MAX_THRESHOLD_PERCENT} percent")
    if any(later <= earlier for earlier, later in pairwise(percents)):
        found.append("must rise, each percent once")
    return found


def _rule_faults(message: pb.Budget) -> Faults:
    rules = message.threshold_rules
    yield from too_many("threshold_rules", rules, MAX_THRESHOLDS)
    wrong = False
    for number, rule in enumerate(rules):
        for field, description in _one_rule_faults(rule):
            wrong = True
            yield f"threshold_rules[{number}].{field}", description
    if not wrong and len(set(map(rule_of, rules))) < len(rules):
        yield "threshold_rules", "the same rule is there twice: keep one of them"


def _one_rule_faults(rule: pb.ThresholdRule) -> Faults:
    yield from wrong_enum("basis", rule.basis, pb.ThresholdRule.Basis)
    yield from wrong_enum("rearm", rule.rearm, pb.ThresholdRule.Rearm)
    if not 1 <= rule.percent <= MAX_THRESHOLD_PERCENT:
        yield "percent", f"must lie between 1 and {MAX_THRESHOLD_PERCENT}"
    if rule.basis != pb.ThresholdRule.BASIS_BURN_RATE and rule.window_hours:
        yield "window_hours", "only BASIS_BURN_RATE has a window: leave it out"
    elif rule.window_hours > MAX_BURN_HOURS:
        yield "window_hours", f"at most {MAX_BURN_HOURS}"
