"""The budget service: what each budget allows, what was spent of it, and whether the next call still fits."""
