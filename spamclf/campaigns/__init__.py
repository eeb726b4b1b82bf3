"""Campaigns: photos, texts and recipient lists as fingerprints, their clusters, and what is known of them."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spamclf.campaigns.index import CampaignIndex
    from spamclf.campaigns.listing import list_campaigns
    from spamclf.campaigns.sightings import Sightings
    from spamclf.campaigns.table import Campaigns

__all__ = ["CampaignIndex", "Campaigns", "Sightings", "list_campaigns"]

_HOMES = {
    "CampaignIndex": "index",
    "Campaigns": "table",
    "Sightings": "sightings",
    "list_campaigns": "listing",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
