"""Hard budgets on a LiteLLM proxy."""
