"""The model card: what a model is, what it was made from, how good it is, and what it must not be used for."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from spamclf.features.catalogue import CATALOGUE, family_of
from spamclf.model.card_labels import campaigns_said, labels_said, thin_parts
from spamclf.model.card_worth import evaded, evaluated
from spamclf.model.promise import promise_line
from spamclf.model.score_lists import LEAST_OF_COUNTRY, LEAST_SCORES
from spamclf.wording import counted

if TYPE_CHECKING:
    from spamclf.model.model import Model

__all__ = ["card"]

# What stands first; a model that was saved has its names in the order of the alphabet.
_FIRST = (
    "train", "calibration", "test",
    "roc_auc", "average_precision", "one_rule_roc_auc", "one_rule_average_precision", "depth_3_tree_roc_auc",
    "depth_3_tree_average_precision", "brier_score", "calibration_error", "automated_flagged_share",
    "honest_flagged_share",
    "new", "established", "business",
)  # fmt: skip

_LIMITS = """## What it must not be used for

Not for automated bans without review and appeal. Not on a platform whose accounts were not among those it was trained
on, except to look. Not on a person's word alone: a reason says what the model saw, not what is true. Intended use: to
order a queue for reviewers.

Known limits: it learned from accounts that somebody labelled, so it finds what is like what was found before. What the
catalogue's directions do not fix it may have learned from chance. Its probabilities are those of the calibration
accounts' mix; where automated accounts are rarer, they are too high."""


def card(model: Model) -> str:
    """Return the card of a trained model as Markdown, generated from nothing but the model.

    Parameters
    ----------
    model : Model
        As `train.fit` makes it. A text under ``info["about"]`` is put before what it was made from; what
        `evaluate.evaluate` and `evaluate.evasion_cost` found, their ``to_dict()`` under ``info["evaluated"]`` and
        ``info["evasion"]``, after the figures of the test part.

    Returns
    -------
    text : str

    Examples
    --------
    >>> from spamclf import predict
    >>> print(card(predict.load_shipped_model()).splitlines()[0])
    # Model default
    """
    parts = [
        _what(model), str(model.info.get("about", "")).strip(), _made_from(model.info), _figures(model.info),
        evaluated(model.info), evaded(model.info), _threshold(model), _segments(model.info), _beside(model.info),
        _remembered(model), _LIMITS,
    ]  # fmt: skip
    return "\n\n".join(part for part in parts if part) + "\n"


def _what(model: Model) -> str:
    names = [name for name in model.feature_names if name in CATALOGUE]
    families = ", ".join(dict.fromkeys(family_of(name).name for name in names))
    left_out = ", ".join(f"`{name}`" for name in model.info.get("features_left_out", [])) or "none"
    return f"""# Model {model.name}

Scores accounts of a messaging platform by the probability that they are automated, from
{len(model.feature_names)} features over the last {model.history_days:g} days, of the families
{families}. It reads no message.
Features that no account to train on had a value of, and are left out: {left_out}."""


def _made_from(info: dict[str, Any]) -> str:
    data = info["data"]
    rows = "\n".join(
        f"| {part} | {until} | {count['automated']:,} | {count['honest']:,} | {count['rows']:,} |"
        for (part, count), until in zip(in_order(info["counts"]), info["parts_end"], strict=True)
    )
    told = ["Each part has accounts of its own, and is looked at after the part before."]
    if info["whole_campaigns"]:
        told.append("Automated accounts of one campaign, known or found, are in one part; to keep it so,")
        told.append(f"{info['left_out']:,} of them that stand between campaigns are in none.")
        every = [(part, campaigns_said(info, part)) for part, _ in in_order(info["counts"])]
        told += [f"In {part}: {said}." for part, said in every if said]
    if said := labels_said(info):
        told.append(f"{said[0].upper()}{said[1:]}.")
    if said := thin_parts(info):
        told += ["", *textwrap.wrap(f"**{said[0].upper()}{said[1:]}**", 116), ""]
    told.append(
        f"Of the accounts to train on, {info['late_labels']:,} had no label yet when the test part began: the labels"
    )
    told.append("are those of the end, so the figures are of a model that nobody could have had on that day.")
    if n_unseen := info.get("unseen_labels"):
        told.append(f"{counted(n_unseen, 'label')} dated at or after that end: not seen.")
    if n_more := info.get("unlabelled_accounts"):
        told.append(
            f"{n_more:,} accounts without a label were trained on, too, as honest ones; each weighs "
            f"{info['unlabelled']:g}."
        )
    said = "\n".join(told)
    return f"""## Made from

{data["accounts"]:,} accounts and {data["messages"]:,} messages from {data["first_message"]} to
{data["last_message"]}; labels known before {info["as_of"]}; fingerprint `{data["fingerprint"][:16]}`.

| part | looked at until | automated accounts | honest accounts | rows |
|---|---|---|---|---|
{rows}

{said}"""


def _figures(info: dict[str, Any]) -> str:
    rows = "\n".join(
        f"| {key.replace('_', ' ')} | {_shown(value)} |" for key, value in in_order(info["metrics"])
    )
    flagged = ""
    if any("flagged" in name for name in info["metrics"]):
        flagged = f" An account counts as flagged if any of its rows is.\n{promise_line(info)}".rstrip()
    return f"""## How good it is, on the accounts of the test part

| figure (95 % interval) | value |
|---|---|
{rows}

Probabilities were calibrated by {"isotonic regression" if info["calibration"] == "isotonic" else "a sigmoid"} on the
calibration part.{flagged}"""


def _threshold(model: Model) -> str:
    told = f"## When an account is flagged\n\nFrom a score of {model.threshold:.6g}. "
    if model.certificate is None:
        return told + (
            f"The threshold was chosen so that about {100 * model.info['fpr']:g} % of the\nhonest calibration accounts "
            "would be flagged. That is an estimate, no guarantee: it is exceeded about every other time."
        )
    if other := model.info.get("certified_on"):
        told += (
            f"It was set by honest accounts of\nanother dataset: {other['accounts']:,} accounts and "
            f"{other['messages']:,} messages from {other['first_message']} to {other['last_message']}\n(fingerprint "
            f"`{other['fingerprint'][:16]}`). "
        )
    return (
        f"{told}The certificate:\n\n```text\n{model.certificate}\n```\n\nA country is named from "
        f"{LEAST_OF_COUNTRY} accounts on, and no segment's scores are kept where they are fewer than {LEAST_SCORES}."
    )


def _segments(info: dict[str, Any]) -> str:
    if not info.get("segments"):
        return ""
    rows = "\n".join(
        f"| {name} | {' | '.join(_part(told[kind]) for kind in ('automated', 'honest'))} | {_known(told['roc_auc'])} |"
        for name, told in in_order(info["segments"])
    )
    moved = ""
    if not any("flagged" in name for name in info["metrics"]):
        moved = " The threshold was moved since:\nwhich of them are flagged by the new one was not measured."
    return f"""## The accounts of the test part, by segment

New: looked at within 7 days of registering. Established: later. An account may be in both, as it ages; one without
`registered_at` is in neither. Other countries: those of which there are fewer than {LEAST_OF_COUNTRY}
accounts, together.{moved}

| segment | automated accounts | flagged | honest accounts | flagged | ROC-AUC |
|---|---|---|---|---|---|
{rows}"""


def _beside(info: dict[str, Any]) -> str:
    beside = info.get("beside")
    if not beside:
        return ""
    told = "The rules' figures are those of the training rows."
    if any("second class" in line for line in beside_lines(beside)):  # as models were written before
        told = (
            "The second class are the automated accounts; the rules' figures are those of the training rows."
        )
    return "\n".join(["## What it is held against", "", told, "", "```text", *beside_lines(beside), "```"])


def in_order(told: dict[str, Any]) -> list[tuple[str, Any]]:
    """Return names and values in the order in which they are shown, whether or not the model was saved and loaded."""
    return sorted(
        told.items(), key=lambda each: (_FIRST.index(each[0]) if each[0] in _FIRST else len(_FIRST), each[0])
    )


def beside_lines(beside: dict[str, list[str]]) -> Iterator[str]:
    """Lay out the rules and the tree that were fitted beside a model."""
    yield "one-feature rules:"
    yield from (f"  {line}" for line in beside["rules"])
    yield "tree of depth 3:"
    yield from (f"  {line}" for line in beside["tree"])


def _remembered(model: Model) -> str:
    memory = model.memory
    if not memory:
        return ""
    photos, texts, lists = (f"{len(seen.words):,}" for seen in memory.sightings)
    return f"""## What it remembers

It has a memory of {len(memory):,} accounts: {photos} photos, {texts} texts and {lists} recipient lists
as fingerprints, accounts and operators as pseudonyms, {len(memory.labels):,} labels. It holds no id, text or picture,
yet it is personal data: a pseudonym is an unkeyed hash, and whoever can list the possible ids can undo it. It lies in
`memory-*.safetensors`; a model that is handed on without it is written by
`dataclasses.replace(model, memory=None).save(folder)`."""


def _part(told: dict[str, Any]) -> str:
    return f"{told['accounts']:,} | {_known(told['flagged_share'])}"


def _known(value: Any) -> str:
    return "" if value is None else _shown(value)


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return f"{value[0]:.3f} ({value[1]:.3f} to {value[2]:.3f})"
    if value is None:
        return "not known"
    return f"{value:.4f}" if isinstance(value, float) else f"`{value}`"
