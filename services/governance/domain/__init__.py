"""The rules of the registry, of approvals and of findings; no I/O."""
