"""The commands ``train`` and ``score``: make a model, use one."""

from __future__ import annotations

import contextlib
import math
import sys
import warnings
from collections.abc import Iterable
from typing import Any

import click

from spamclf.cli.scores import Told, is_folder, score_folder, terminal_width
from spamclf.cli.shared import (
    Refusal,
    apostrophes,
    as_of_option,
    dataset_options,
    jobs,
    model_path,
    refusals,
    result_path,
    say,
    seed,
    training_as_of_option,
)
from spamclf.errors import InsufficientDataError, ParameterError

__all__ = ["score", "train"]

_LEAST_FPR = 1e-9  # there are fewer people than could bear out any smaller one
_MAX_NOISE = 0.4  # as SpamClassifier has it
_NO_CERTIFICATE = " Or use --confidence none for an estimate without a certificate."
_BATCH = 100_000  # accounts scored between two steps of the progress bar


def _feature_names(_: click.Context, __: click.Parameter, value: str | None) -> tuple[str, ...] | None:
    from spamclf.features.extract import resolve_features

    try:
        return None if value is None else resolve_features([name.strip() for name in value.split(",")])
    except ParameterError as error:
        raise Refusal(str(error), 2) from error


def _share(name: str, value: str, *, least: float = 0.0, most: float = 1.0) -> float:
    """Take a number within (0, 1) from `least` to `most`; nan is none."""
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if 0 < number < 1 and least <= number <= most:
        return number
    rule = f"between {least:g} and {most:g}"
    raise Refusal(f"command: {name} must be {rule}; got {value!r}. See --help.", 2)


def _confidence(_: click.Context, __: click.Parameter, value: str) -> float | None:
    return None if value.lower() == "none" else _share("--confidence", value)


def _label_noise(
    _: click.Context, __: click.Parameter, value: str | None
) -> float | dict[bool, float] | None:
    if value is None:
        return None
    if "=" not in value:
        return _share("--label-noise", value, most=_MAX_NOISE)
    classes = {"automated": True, "honest": False}
    noise = {}
    for part in value.split(","):
        name, share = (each.strip() for each in part.split("=", 1)) if "=" in part else (part, "")
        if name not in classes or classes[name] in noise:
            raise Refusal(
                f"command: --label-noise must be of automated and honest, each once; got {name!r}. "
                "Use for instance automated=0.1.",
                2,
            )
        noise[classes[name]] = _share("--label-noise", share, most=_MAX_NOISE)
    return noise


@click.command(short_help="Train a model on the labelled accounts of a dataset.")
@dataset_options
@click.option("--out", required=True, type=click.Path(), help="Folder for the model.")
@click.option("--overwrite", is_flag=True, help="Replace a model that is there already.")
@training_as_of_option
@click.option("--history-days", default=30.0, show_default=True, help="Look-back of the features.")
@click.option(
    "--fpr",
    default="0.001",
    show_default=True,
    callback=lambda _, __, value: _share("--fpr", value, least=_LEAST_FPR),
    help="Share of honest accounts that may be flagged over a time as long as the calibration's.",
)
@click.option(
    "--confidence",
    default="0.95",
    show_default=True,
    callback=_confidence,
    help="Probability that no more are: the certificate. It takes 2,995 honest accounts to calibrate with for an --fpr "
    "of 0.001, 299 for 0.01. 'none' makes the threshold an estimate that is exceeded every other time.",
)
@click.option(
    "--features",
    callback=_feature_names,
    help="Families or features, comma-separated; by default all of --tiers.",
)
@click.option(
    "--tiers",
    callback=lambda _, __, value: None if value is None else tuple(tier.strip() for tier in value.split(",")),
    help="What the model may look at: 0 registration, 1 messages, 2 photos, 3 public texts, F reports and evidence; "
    "by default 0,1,2,3.",
)
@click.option(
    "--memory/--no-memory",
    default=True,
    show_default=True,
    help="Whether the model remembers the fingerprints it saw, to recognise known campaigns.",
)
@click.option(
    "--whole-campaigns/--split-campaigns",
    default=True,
    show_default=True,
    help="Whether training, calibration and test have no campaign in common; split them if one holds most accounts.",
)
@click.option(
    "--unlabelled",
    default=0.0,
    show_default=True,
    type=click.FloatRange(0, 1),
    help="Weight of accounts without a label, taken for honest ones; 0 leaves them out.",
)
@click.option(
    "--label-noise",
    callback=_label_noise,
    help="Share of wrong labels to expect, e.g. 0.015; or of either class, e.g. automated=0.1 where a tenth of the "
    "automated accounts pass for honest, as with --unlabelled.",
)
@click.option(
    "--search",
    default=0,
    show_default=True,
    type=click.IntRange(0),
    help="Settings of the trees to try before, e.g. 27; 0 takes the usual ones.",
)
@click.option(
    "--early-stopping", is_flag=True, help="Choose the number of trees by training accounts held out."
)
@seed
@jobs
@refusals
def train(
    folder: str,
    out: str,
    overwrite: bool,
    n_jobs: int,
    early_stopping: bool,
    label_noise: float | dict[bool, float] | None,
    **settings: Any,
) -> None:
    """Train a model on the labelled accounts of a dataset FOLDER and print how good it is.

    \b
    Examples:
      spamclf train data/sample --out models/mine --fpr 0.1
      spamclf train data/sample --out models/guess --fpr 0.01 --confidence none --early-stopping
      spamclf train data/sample --out models/wide --fpr 0.1 --unlabelled 1 --label-noise automated=0.1
      spamclf train logs --out models/2026-06-01 --as-of 2026-06-01 --features account,send_rate,fan_out
    """
    from spamclf.describe import row_balance
    from spamclf.files import hold
    from spamclf.folders import read_dataset
    from spamclf.train import fit, summary

    reading = {name: settings.pop(name) for name in ("max_bad_share", "time_unit", "time_zone")}
    boosting: dict[str, Any] = {"early_stopping": True} if early_stopping else {}
    if label_noise is not None:
        boosting["label_noise"] = label_noise
    target = model_path(out, folder, overwrite=overwrite)
    with hold(target):
        say("reading ...")
        dataset = read_dataset(folder, **reading)
        say(repr(dataset))
        try:
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", "fit: calibration and test part")  # the summary says so
                model = fit(dataset, n_jobs=n_jobs, progress=say, **settings, **boosting)
        except InsufficientDataError as error:
            if not str(error).startswith("certify:"):
                raise
            raise Refusal(str(error) + _NO_CERTIFICATE, 1) from error
        model.save(target, overwrite=overwrite)
    click.echo(summary(model).replace("whole_campaigns=False", "--split-campaigns"))
    click.echo(row_balance(dataset, model.info["data"]["duplicates"]))
    click.echo(f"saved to {out}")


@click.command(short_help="Score every account of a dataset.")
@dataset_options
@click.option("--model", help="A model's folder; by default the one that comes with spamclf.")
@as_of_option
@click.option(
    "--out",
    type=click.Path(),
    help="Write all scores to this .parquet file, or to a .csv, which holds the sentences of the reasons alone. A name "
    "without such an ending is a folder of Parquet parts: messages need not fit in memory then, and what broke off is "
    "resumed by the same command.",
)
@click.option(
    "--shards",
    "n_shards",
    type=click.IntRange(1),
    help="Parts of a folder; by default as many as memory asks for.",
)
@click.option(
    "--memory-gb", type=click.FloatRange(0.5), help="Memory to get along with, of a folder; by default 4."
)
@click.option("--overwrite", is_flag=True, help="Replace a folder of scores that is there already.")
@click.option(
    "--top",
    default=10,
    show_default=True,
    type=click.IntRange(0),
    help="Accounts to print, highest scores first.",
)
@click.option(
    "--reasons-for",
    type=click.Choice(["flagged", "all"]),
    default="flagged",
    show_default=True,
    help="Who gets reasons.",
)
@click.option(
    "--reasons",
    "n_reasons",
    default=5,
    show_default=True,
    type=click.IntRange(0),
    help="Reasons per account.",
)
@click.option(
    "--all-reasons",
    is_flag=True,
    help="Print all reasons of these accounts, each in full, not the top one alone.",
)
@jobs
@refusals
def score(
    folder: str,
    model: str | None,
    as_of: int | None,
    out: str | None,
    top: int,
    n_reasons: int,
    reasons_for: str,
    all_reasons: bool,
    n_jobs: int,
    n_shards: int | None,
    memory_gb: float | None,
    overwrite: bool,
    **reading: Any,
) -> None:
    """Score every account of a dataset FOLDER; print the highest with their top reason, and write all if asked to.

    \b
    Examples:
      spamclf score data/sample
      spamclf score data/sample --top 3 --all-reasons
      spamclf score data/today --model models/2026-06-01 --as-of 2026-06-08 --out scores.parquet
      spamclf score data/today --out scores-2026-06-08 --memory-gb 8
    """
    asked: dict[str, Any] = {
        "as_of": as_of,
        "n_reasons": n_reasons,
        "reasons_for": reasons_for,
        "n_jobs": n_jobs,
    }
    if out is not None and is_folder(out):
        sizes = {"n_shards": n_shards, "memory_gb": memory_gb or 4.0, "overwrite": overwrite}
        score_folder(folder, out, model, top, all_reasons=all_reasons, **asked, **sizes, **reading)
        return
    if n_shards is not None or memory_gb is not None or overwrite:
        raise Refusal(
            "command: --shards, --memory-gb and --overwrite must come with a folder as --out; "
            f"got {out or 'none'}. Use for instance --out scores.",
            2,
        )
    import pyarrow as pa
    import pyarrow.compute as pc

    from spamclf.describe import row_balance
    from spamclf.ego import EgoLog
    from spamclf.files import hold
    from spamclf.folders import read_dataset
    from spamclf.output import write_result
    from spamclf.predict import score_batches

    with hold(result_path(out, folder)) if out else contextlib.nullcontext():
        dataset = read_dataset(folder, **reading)
        say(repr(dataset))
        ego = EgoLog.build(dataset, n_jobs=n_jobs)
        parts = score_batches(
            dataset,
            model,
            batch_size=_BATCH,
            ego=ego,
            **asked,
        )
        scores = pa.concat_tables(_with_progress(parts, ego.n_accounts))
        if out:
            apostrophes(write_result(scores, out))
    told = Told.of([scores], top)
    click.echo(told.text(all_reasons=all_reasons, width=terminal_width(all_reasons=all_reasons)))
    sent_at = (each.cast(pa.int64()).as_py() for each in pc.min_max(dataset.messages["sent_at"]).values())
    told.doubt(dataset.messages.num_rows, *sent_at)
    click.echo(row_balance(dataset, ego.n_duplicates))
    if out:
        click.echo(f"{scores.num_rows:,} scores written to {out}")


def _with_progress(parts: Iterable[Any], n_accounts: int) -> list[Any]:
    """Collect the parts behind a progress bar, which only a terminal gets to see."""
    from tqdm import tqdm

    done = []
    with tqdm(total=n_accounts, unit="account", disable=not sys.stderr.isatty(), leave=False) as bar:
        for part in parts:
            done.append(part)
            bar.update(part.num_rows)
    return done
