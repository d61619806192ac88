"""What is wrong with a budget as it was sent: each field by itself, and fields that do not go together.

What other budgets have to do with it is checked in `family`.
"""

from __future__ import annotations

from collections.abc import Sequence

from finops.budget.v1 import budget_pb2 as pb

from services.budget.domain.faults.alerts import alert_faults
from services.budget.domain.faults.amounts import amount_faults
from services.budget.domain.faults.scope import scope_faults
from services.budget.domain.faults.windows import window_faults
from services.common.errors import FieldViolation


def faults(message: pb.Budget) -> Sequence[FieldViolation]:
    """Every violation, not only the first; none where the message is a budget."""
    checks = (scope_faults, amount_faults, window_faults, alert_faults)
    return [FieldViolation(f"budget.{field}", mend) for check in checks for field, mend in check(message)]
