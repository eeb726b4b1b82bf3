"""What `fit` found out, as text."""

from __future__ import annotations

from spamclf.model import Model
from spamclf.model.card import beside_lines, in_order
from spamclf.model.card_labels import campaigns_said, labels_said, thin_parts
from spamclf.model.promise import promise_line
from spamclf.wording import counted

__all__ = ["summary"]


def summary(model: Model) -> str:
    """Return what `fit` found out about a model: counts, metrics, certificate, and what a person could check by hand.

    Parameters
    ----------
    model : Model

    Returns
    -------
    text : str

    Examples
    --------
    >>> from spamclf import predict, train
    >>> print(train.summary(predict.load_shipped_model()).splitlines()[0])
    model default: ... trees, ... features
    """
    metrics, counts = model.info.get("metrics", {}), model.info.get("counts", {})
    n_trees, n_features = model.forest.n_trees, len(model.feature_names)
    lines = [f"model {model.name}: {counted(n_trees, 'tree')}, {counted(n_features, 'feature')}"]
    for part, count in in_order(counts):
        campaigns = campaigns_said(model.info, part)
        lines.append(
            f"  {part:<12} {count['automated']:>7,} automated, {count['honest']:>7,} honest accounts"
            + (f"; {campaigns}" if campaigns else "")
        )
    if said := labels_said(model.info):
        lines.append(f"  {said}")
    if n_late := model.info.get("late_labels", 0):
        lines.append(f"  {n_late:,} of those to train on had no label yet when the test part began")
    if said := thin_parts(model.info):
        lines.append(f"  warning: {said}")
    n_early = model.info.get("data", {}).get("labels_before_registration", 0)
    if n_early:
        lines.append(
            f"  {counted(n_early, 'label')} dated before the account registered: mend labels or accounts, a time or "
            "its zone"
        )
    if n_unseen := model.info.get("unseen_labels", 0):
        lines.append(f"  {counted(n_unseen, 'label')} dated {model.info['as_of']} (as_of) or later: not seen")
    for key, value in in_order(metrics):
        shown = value
        if isinstance(value, list):
            shown = f"{value[0]:.3f} [{value[1]:.3f}, {value[2]:.3f}]"
        elif isinstance(value, float):
            shown = f"{value:.4f}"
        lines.append(f"  {key:<32} {shown}")
    if said := promise_line(model.info):
        lines.append(f"  {said}")
    lines.append(f"  {'threshold':<32} {model.threshold:.4f}")
    if model.certificate is not None:
        lines += str(model.certificate).splitlines()
    elif "fpr" in model.info:
        lines.append(
            f"no certificate: {model.info['fpr']:g} of honest accounts is an estimate, often exceeded"
        )
    return "\n".join([*lines, *beside_lines(model.info["beside"])] if "beside" in model.info else lines)
