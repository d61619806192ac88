"""The ledger's costs as FOCUS, the FinOps Open Cost and Usage Specification: https://focus.finops.org"""
