"""The part of a budget's form with the terms of which there may be many."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from finops.budget.v1 import budget_pb2 as pb

from services.common.errors import InvalidArgumentError
from services.console.domain import budget_lists as lists
from services.console.web.components.entries import Entries, Entry

FIELDS = ("threshold_rules", "member_amounts", "increases", "amount_changes", "labels")
"""What this part edits, for an update's mask."""

_BASES = {"forecast": "Forecast", "burn_rate": "Burn rate", "actual": "Spent"}
_REARM = {"once_per_period": "Once a period", "when_back_below": "Again once back below"}


class Lists:
    """Rows of alert rules, amounts of members, increases, later amounts and labels; moments in the budget's zone."""

    def __init__(self, budget: pb.Budget, tz: ZoneInfo) -> None:
        self._was, self._tz = budget, tz
        self._rules = Entries(
            "Alert rules",
            "Beside the percentages of what is spent: where the period is heading, or how fast it is spent over its "
            "last hours against the pace that would just last.",
            (
                Entry("basis", "On", "forecast", _BASES),
                Entry("percent", "Percent", "100"),
                Entry("window_hours", "Over hours, burn rate", placeholder="24"),
                Entry("rearm", "Told", "once_per_period", _REARM),
            ),
            lists.rules().rows(budget.threshold_rules),
            "Add a rule",
        )
        self._members = Entries(
            "Amounts of single members",
            "Of a budget that holds for each user, team and so on: who has another amount than all others.",
            (Entry("member", "Member", placeholder="ann@example.com", wide=True), _amount()),
            lists.members().rows(budget.member_amounts),
            "Add a member",
        )
        self._increases = Entries(
            "Temporary increases",
            f"Added to the amount for a while. Times of {tz.key}.",
            (
                _amount(),
                Entry("start", "From", kind="datetime-local"),
                Entry("expire", "Until", kind="datetime-local"),
                Entry("member", "Only for member", placeholder="all"),
                Entry("reason", "Reason", wide=True),
            ),
            lists.increases(tz).rows(budget.increases),
            "Add an increase",
        )
        self._changes = Entries(
            "Amounts from a day on",
            f"Take the place of the amount, so that earlier periods keep theirs. Times of {tz.key}.",
            (Entry("effective", "From", kind="datetime-local"), _amount(), Entry("reason", "Reason", wide=True)),
            lists.amount_changes(tz).rows(budget.amount_changes),
            "Add an amount",
        )
        self._labels = Entries(
            "Labels",
            "For the routes of alerts.",
            (Entry("name", "Label", placeholder="cost-centre"), Entry("value", "Value", placeholder="4711")),
            [{"name": name, "value": value} for name, value in sorted(budget.labels.items())],
            "Add a label",
        )

    def fill(self, budget: pb.Budget) -> None:
        """Puts what was entered into a budget.

        Raises:
            InvalidArgumentError: says which row cannot be read.
        """
        was, tz = self._was, self._tz
        budget.threshold_rules.extend(lists.rules().messages(self._rules.rows(), was.threshold_rules))
        budget.member_amounts.extend(lists.members().messages(self._members.rows(), was.member_amounts))
        budget.increases.extend(lists.increases(tz).messages(self._increases.rows(), was.increases))
        budget.amount_changes.extend(lists.amount_changes(tz).messages(self._changes.rows(), was.amount_changes))
        for label in self._labels.rows():
            name = label["name"].strip()
            if not name or name in budget.labels:
                raise InvalidArgumentError(f"Labels: {name!r} comes twice." if name else "Labels: one has no name.")
            budget.labels[name] = label["value"].strip()


def _amount() -> Entry:
    return Entry("amount", "US dollars", placeholder="2500.00")
