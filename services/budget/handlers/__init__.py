"""Use cases of budgets: what happens on a batch of costs, on a call, on the turn of a period."""
