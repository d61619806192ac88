"""Governance: which tools may be used, who decided so, and which are used without anybody having decided."""
