"""Campaigns: thousands of damaged inputs and kills, of which only errors of our own may come."""

from __future__ import annotations

CAMPAIGNS = ("pictures", "archives", "state", "hub", "kills")
"""Modules of this package, each with a class `Campaign`."""
