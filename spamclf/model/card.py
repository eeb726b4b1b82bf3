"""The model card: what a model is, what it was made from, how good it is, and what it must not be used for."""

from __future__ import annotations

from typing import Any

from spamclf.campaigns.index import CampaignIndex
from spamclf.features.catalogue import family_of

__all__ = ["card"]


def card(
    name: str,
    feature_names: tuple[str, ...],
    history_days: float,
    threshold: float,
    info: dict[str, Any],
    memory: CampaignIndex | None = None,
) -> str:
    """Return the card of a trained model as Markdown.

    Parameters
    ----------
    name, feature_names, history_days, threshold, info, memory
        As of `Model`; `info` as `train.fit` makes it.

    Returns
    -------
    text : str
    """
    data, metrics, counts = info["data"], info["metrics"], info["counts"]
    rows = "\n".join(
        f"| {part} | {count['automated']:,} | {count['honest']:,} | {count['rows']:,} |"
        for part, count in counts.items()
    )
    figures = "\n".join(f"| {key.replace('_', ' ')} | {_shown(value)} |" for key, value in metrics.items())
    families = ", ".join(dict.fromkeys(family_of(feature).name for feature in feature_names))
    left_out = ", ".join(f"`{feature}`" for feature in info["features_left_out"]) or "none"
    return f"""# Model {name}

Scores accounts of a messaging platform by the probability that they are automated, from {len(feature_names)} features
over the last {history_days:g} days, of the families {families}. It reads no message.
Features that no account to train on had a value of, and are left out: {left_out}.

## Made from

{data["accounts"]:,} accounts and {data["messages"]:,} messages from {data["first_message"]} to
{data["last_message"]}; labels known before {info["as_of"]}; fingerprint `{data["fingerprint"][:16]}`.

| part (by time) | automated accounts | honest accounts | rows |
|---|---|---|---|
{rows}

## How good it is, on the latest accounts

| figure (95 % bootstrap interval) | value |
|---|---|
{figures}

An account is flagged from a score of {threshold:.4f}. The threshold was chosen so that about {100 * info["fpr"]:g} % of
the honest calibration accounts would be flagged. That is an estimate from few accounts, no guarantee.

{_remembered(memory)}## What it must not be used for

Not for automated bans without review and appeal. Not on a platform whose accounts were not among those it was trained
on, except to look. Intended use: to order a queue for reviewers.
"""


def _remembered(memory: CampaignIndex | None) -> str:
    if not memory:
        return ""
    photos, texts, lists = (f"{len(seen.words):,}" for seen in memory.sightings)
    return f"""## What it remembers

It was trained with a memory of {len(memory):,} accounts: {photos} photos, {texts} texts and {lists} recipient lists
as fingerprints, accounts and operators as pseudonyms, {len(memory.labels):,} labels. It holds no id, text or picture,
yet it is personal data: a pseudonym is an unkeyed hash, and whoever can list the possible ids can undo it. It lies in
`memory-*.safetensors`; a model that is handed on without it is written by
`dataclasses.replace(model, memory=None).save(folder)`.

"""


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return f"{value[0]:.3f} ({value[1]:.3f} to {value[2]:.3f})"
    return f"{value:.4f}" if isinstance(value, float) else f"`{value}`"
