"""What became of the labels of a training, and how its campaigns lie in the parts, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spamclf.wording import counted

__all__ = ["campaigns_said", "labels_said", "thin_parts"]

_FEWEST = 2  # campaigns that a part needs
_LATER = ("calibration", "test")
#: Why labelled accounts are in no part, by the name under which they are counted.
_UNUSED = {
    "never_sent": "never sent",
    "silent": "showed nothing in the time of their part",
    "between": "stand between campaigns",
}


def campaigns_said(info: Mapping[str, Any], part: str) -> str:
    """Say how many automated campaigns a part holds; nothing where they were split, or not counted.

    Parameters
    ----------
    info : mapping
        ``model.info``, as `train.fit` makes it.
    part : {"train", "calibration", "test"}

    Examples
    --------
    >>> counts = {"test": {"automated": 40, "honest": 200, "rows": 900, "campaigns": 3, "largest_campaign": 10}}
    >>> campaigns_said({"whole_campaigns": True, "counts": counts}, "test")
    '3 campaigns, the largest 25 % of the automated'
    """
    count = info["counts"][part]
    if not info.get("whole_campaigns") or "campaigns" not in count:
        return ""
    if not count["campaigns"]:
        return "no campaign"
    share = f"{100 * count['largest_campaign'] / count['automated']:.0f} %"
    return f"{counted(count['campaigns'], 'campaign')}, the largest {share} of the automated"


def labels_said(info: Mapping[str, Any]) -> str:
    """Say of how many labelled accounts a training made use, and why not of the others.

    Parameters
    ----------
    info : mapping

    Examples
    --------
    >>> labels = {"accounts": 90, "used": 85, "never_sent": 5, "silent": 0, "between": 0, "unused_automated": 2}
    >>> labels_said({"labels": labels})
    'of 90 labelled accounts 85 are in a part; 5 never sent (2 automated ones among them)'
    """
    labels = info.get("labels")
    if not labels:
        return ""
    used = f"of {counted(labels['accounts'], 'labelled account')} {labels['used']:,} are in a part"
    why = ", ".join(f"{labels[name]:,} {said}" for name, said in _UNUSED.items() if labels[name])
    return f"{used}; {why} ({labels['unused_automated']:,} automated ones among them)" if why else used


def thin_parts(info: Mapping[str, Any]) -> str:
    """Say, and what to do, where a later part holds hardly a campaign though most automated accounts are in some.

    What is left in such a part are single accounts, often wrongly labelled ones: nothing that is measured there says
    how well a campaign is found.

    Parameters
    ----------
    info : mapping

    Examples
    --------
    >>> some = {"automated": 50, "campaigns": 3, "in_campaigns": 48, "largest_campaign": 20}
    >>> none = {"automated": 7, "campaigns": 0, "in_campaigns": 0, "largest_campaign": 0}
    >>> counts = {"train": some, "calibration": some, "test": none}
    >>> thin_parts({"whole_campaigns": True, "counts": counts}).split(". ")[0]
    'calibration and test part should hold 2 automated campaigns each, better more; got 3 and 0 (train: 3)'
    >>> thin_parts({"whole_campaigns": False, "counts": counts})
    ''
    """
    counts = info.get("counts", {})
    if not info.get("whole_campaigns") or not all("campaigns" in count for count in counts.values()):
        return ""
    automated, inside = (
        sum(count[name] for count in counts.values()) for name in ("automated", "in_campaigns")
    )
    n_of = {part: count["campaigns"] for part, count in counts.items()}
    if 2 * inside <= automated or not any(_is_thin(counts[part]) for part in _LATER):
        return ""
    return (
        f"calibration and test part should hold {_FEWEST} automated campaigns each, better more; got "
        f"{n_of['calibration']:,} and {n_of['test']:,} (train: {n_of['train']:,}). What such a part tells of campaigns "
        "to come is worth little. Label more accounts of both kinds, over a longer stretch of time; if one campaign "
        "holds most of them, whole_campaigns=False lets parts share it."
    )


def _is_thin(count: Mapping[str, int]) -> bool:
    """Tell a part of no campaign, or of one that holds fewer than a tenth of its automated accounts."""
    return count["campaigns"] < _FEWEST and 10 * count["in_campaigns"] < count["automated"]
