"""The command ``evaluate``: what a model is worth on accounts that it has not seen."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from spamclf.cli.shared import Refusal, as_of_option, dataset_options, jobs, refusals, result_folder, say

if TYPE_CHECKING:
    from spamclf.dataset import Dataset
    from spamclf.evaluate import Evaluation, EvasionCost
    from spamclf.model import Model
    from spamclf.simulate import World

__all__ = ["evaluate"]

_ACCOUNTS = 5_000
#: What a search tells of a setting beside its parameters.
_TOLD = {"round", "n_rows", "score", "score_std"}


def _seeds(_: click.Context, parameter: click.Parameter, value: str | None) -> tuple[int, ...]:
    words = [word.strip() for word in value.split(",")] if value else []
    seeds = tuple(int(word) for word in words if word.isascii() and word.isdigit())
    if len(set(seeds)) < len(words):
        raise Refusal(
            f"command: {parameter.opts[0]} must be different whole numbers; got {value!r}. Use for instance 3001,3002.",
            2,
        )
    return seeds


@click.command(short_help="Measure a model on accounts whose truth is known.")
@partial(dataset_options, required=False)
@click.option("--model", help="A model's folder; by default the one that comes with spamclf.")
@click.option(
    "--truth",
    type=click.Path(),
    help="A .parquet or .csv file with account_id, is_automated and, if known, family, campaign and starts_at; by "
    "default the labels.",
)
@as_of_option
@click.option(
    "--worlds",
    callback=_seeds,
    help="Evaluate on simulated worlds of these seeds instead, e.g. 3001,3002; those of the shipped model are 101 "
    "to 204.",
)
@click.option(
    "--accounts",
    type=click.IntRange(20),
    help=f"With --worlds: accounts of each; by default {_ACCOUNTS:,}.",
)
@click.option(
    "--leave-one-out",
    "train_seeds",
    callback=_seeds,
    help="With --worlds: train anew on worlds of these seeds, without one family after the other, without some "
    "campaigns, and on fewer tiers, with the model's settings and promise; as many further worlds set the threshold. A "
    "model each: it takes minutes.",
)
@click.option(
    "--evade",
    is_flag=True,
    help="With --worlds: search for what an attacker reaches who knows the model, in the first. It takes minutes.",
)
@click.option("--out", type=click.Path(), help="Write evaluation.json and the plots to this folder.")
@jobs
@refusals
def evaluate(
    folder: str | None,
    model: str | None,
    truth: str | None,
    as_of: int | None,
    worlds: tuple[int, ...],
    accounts: int | None,
    train_seeds: tuple[int, ...],
    evade: bool,
    out: str | None,
    n_jobs: int,
    **reading: Any,
) -> None:
    """Evaluate a model on the labelled accounts of a dataset FOLDER, or on simulated worlds; print all tables.

    \b
    Examples:
      spamclf evaluate data/next_month --model models/mine --out reports/mine
      spamclf evaluate --worlds 3001,3002
      spamclf evaluate --worlds 3001,3002 --leave-one-out 101,102,103,104,105 --evade --out reports/shipped
    """
    from spamclf.evaluate import evaluate as evaluate_dataset
    from spamclf.evaluate import evaluate_worlds, evasion_cost
    from spamclf.files import hold
    from spamclf.folders import read_dataset
    from spamclf.model import load_model
    from spamclf.predict import load_shipped_model
    from spamclf.simulate import world

    _check(folder, truth, as_of, worlds, accounts, train_seeds, evade)
    accounts = accounts or _ACCOUNTS
    target = None if out is None else result_folder(out, folder)
    if target is not None:
        _without_window()  # before the work
    cost = None

    def tell(found: Evaluation, cost: EvasionCost | None, already: str = "") -> str:
        """Keep and print what is found so far: what follows takes long, and may fail."""
        if target is not None:
            _write(found, cost, target)
        told = f"{found}" if cost is None else f"{found}\n\n{cost}"
        click.echo(told.removeprefix(already).removeprefix("\n"))
        return told

    with contextlib.nullcontext() if target is None else hold(target):
        used = load_shipped_model() if model is None else load_model(model)
        if folder is None:
            made = (world(accounts, random_state=seed) for seed in worlds)
            found = evaluate_worlds(made, used, progress=say, n_jobs=n_jobs)
        else:
            dataset = read_dataset(folder, **reading)
            say(repr(dataset))
            if truth is None:
                say(
                    "the labels are taken for the truth, wrong ones too; a model that learned from them is flattered"
                )
            found = evaluate_dataset(dataset, used, truth, as_of=as_of, progress=say, n_jobs=n_jobs)
        told = tell(found, cost)
        if train_seeds:
            found = replace(found, retrained=_retrained(used, train_seeds, worlds, accounts, n_jobs))
            told = tell(found, cost, told)
        if evade:
            arena = world(accounts, random_state=worlds[0])
            cost = evasion_cost(used, arena, progress=say, n_jobs=n_jobs)
            tell(found, cost, told)
    if out is not None:
        click.echo(f"written to {out}")


def _check(
    folder: str | None,
    truth: str | None,
    as_of: int | None,
    worlds: tuple[int, ...],
    accounts: int | None,
    train_seeds: tuple[int, ...],
    evade: bool,
) -> None:
    """Refuse what does not go together."""
    if (folder is None) == (not worlds):
        raise Refusal(
            "command: there must be a FOLDER or --worlds; got "
            f"{'both' if worlds else 'neither'}. Use for instance --worlds 3001.",
            2,
        )
    if worlds and (truth is not None or as_of is not None):
        raise Refusal(
            "command: --truth and --as-of must be left out with --worlds, which bring theirs; got one.", 2
        )
    if accounts is not None and not worlds:
        raise Refusal(
            "command: --accounts must stand with --worlds, which it is the size of; got a FOLDER. Leave it out.",
            2,
        )
    if evade and not worlds:
        raise Refusal(
            "command: --evade must stand with --worlds, since an attack is simulated; got a FOLDER. "
            "Use for instance --worlds 3001 --evade.",
            2,
        )
    if train_seeds and (not worlds or set(worlds) & set(train_seeds)):
        raise Refusal(
            "command: --leave-one-out must be seeds beside --worlds of other seeds; got "
            f"{'one of them' if worlds else 'no --worlds'}. Use for instance --worlds 3001 --leave-one-out 101,102.",
            2,
        )


def _retrained(
    model: Model, train_seeds: tuple[int, ...], test_seeds: tuple[int, ...], n_accounts: int, n_jobs: int
) -> dict[str, Any]:
    """Train models anew, as the model was trained, without what is left out, and tell what they find."""
    from spamclf.errors import InsufficientDataError
    from spamclf.evaluate import leave_campaigns_out, leave_one_family_out, tier_price, worlds_in_a_row
    from spamclf.features import CATALOGUE
    from spamclf.simulate import world
    from spamclf.train import certify, fit

    certificate, info = model.certificate, model.info
    fpr = float(info.get("fpr", 1e-3)) if certificate is None else certificate.fpr
    boosting = dict(info.get("boosting", {}))
    for best in info.get("searched", [])[:1]:
        boosting |= {name: value for name, value in best.items() if name not in _TOLD}
    if isinstance(boosting.get("label_noise"), dict):  # JSON knows no keys but strings
        boosting["label_noise"] = {key == "true": share for key, share in boosting["label_noise"].items()}
    plain: Callable[..., Model] = partial(
        fit,
        fpr=fpr,
        confidence=None,
        whole_campaigns=info.get("whole_campaigns", True),
        history_days=model.history_days,
        unlabelled=float(info.get("unlabelled", 0.0)),
        random_state=int(info.get("random_state", 0)),
        memory=False,
        n_jobs=n_jobs,
        **boosting,
    )
    first = 1 + max(*train_seeds, *test_seeds)
    others = range(first, first + len(train_seeds))
    further = worlds_in_a_row(
        others, n_accounts, wrong_labels=0.0
    ).dataset  # a certificate takes clean labels

    def again(dataset: Dataset, **settings: Any) -> Model:
        """Train on all worlds; the threshold is set by the honest accounts of as many further ones."""
        fitted = plain(dataset, **settings)
        if certificate is None:
            return fitted
        return certify(fitted, further, fpr=fpr, confidence=certificate.confidence, n_jobs=n_jobs)

    tiers = sorted({CATALOGUE[name].tier for name in model.feature_names})
    left_out = [name for name in info.get("features_left_out", []) if CATALOGUE[name].tier in tiers]
    alike = partial(again, features=[*model.feature_names, *left_out], tiers=tiers)
    train = worlds_in_a_row(train_seeds, n_accounts)
    tests: list[World] = [world(n_accounts, random_state=seed) for seed in test_seeds]
    told: dict[str, Any] = {"progress": say, "n_jobs": n_jobs}
    try:
        return {
            "tiers": tier_price(again, train, tests, **told),
            "families": leave_one_family_out(alike, train, tests, **told),
            "campaigns": leave_campaigns_out(alike, train, **told),
        }
    except InsufficientDataError as error:
        raise InsufficientDataError(
            f"command: --leave-one-out must be worlds of accounts enough; got {len(train_seeds)} of {n_accounts:,}: "
            f"{str(error).rsplit('. ', 1)[0]}. Give more seeds, or more --accounts."
        ) from error


def _without_window() -> None:
    from spamclf.drawing import pyplot

    pyplot().switch_backend("agg")


def _write(found: Evaluation, cost: EvasionCost | None, folder: Path) -> None:
    """Write all figures as JSON, and draw them."""
    import json

    from spamclf.files import atomic_write

    told = found.to_dict() | ({} if cost is None else {"evasion": cost.to_dict()})
    with atomic_write(folder / "evaluation.json") as path:
        path.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    if cost is None:  # of an earlier run it would belong to another evaluation
        (folder / "evasion.png").unlink(missing_ok=True)
    for name, figure in _plots(found, cost):
        with atomic_write(folder / name) as path:
            figure.savefig(path, format="png")


def _plots(found: Evaluation, cost: EvasionCost | None) -> Iterator[tuple[str, Any]]:
    from spamclf import plots
    from spamclf.drawing import pyplot

    draws: dict[str, Callable[[], Any]] = {
        "recall": lambda: plots.plot_recall(found),
        "cold_start": lambda: plots.plot_cold_start(found),
        "families": lambda: plots.plot_recall_by_family(found),
    }
    if any(found.accounts["wrote"].to_pylist()):
        draws["strangers"] = lambda: plots.plot_strangers(found)
    if cost is not None:
        draws["evasion"] = lambda: plots.plot_evasion(cost)
    for name, draw in draws.items():
        figure = draw().figure
        yield f"{name}.png", figure
        pyplot().close(figure)
