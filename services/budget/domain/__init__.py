"""The rules of budgets: no I/O, no clock, no broker."""
