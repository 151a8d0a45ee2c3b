"""Every layout as a story, and what its readers must read: written by hand, in both languages, short and long."""

from __future__ import annotations

from tests.golden import alerts, digests, licences, own

CASES = [*alerts.cases(), *own.cases(), *digests.cases(), *licences.cases()]
