"""Worlds by somebody who never read the detectors.

Events are drawn first, as if nothing ever went wrong, and what goes wrong is then done to those events: some are added,
some left out, some made dearer. So what an incident cost is known to the event.
"""
