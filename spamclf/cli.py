"""The command line: ``spamclf describe | train | score | simulate``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import nullcontext
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import click

from spamclf.errors import SpamclfError

__all__ = ["main"]

P = ParamSpec("P")
R = TypeVar("R")

_BATCH = 20_000  # accounts scored between two steps of the progress bar


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="spamclf")
def main() -> None:
    """Find automated bulk senders from metadata: who wrote to whom and when.

    Exit codes: 0 done; 1 the data, the model or the output was refused (one line on stderr says why);
    2 the command itself was wrong.
    """


def _refusals(command: Callable[P, R]) -> Callable[P, R]:
    """Turn errors that a caller can mend into one line and exit code 1, without a traceback."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except SpamclfError as error:
            raise click.ClickException(str(error)) from error

    return run


def _dataset_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option(
            "--max-bad-share", default=0.01, show_default=True, help="Largest share of bad rows per table."
        ),
        click.option("--time-unit", help="Unit of integer times: s, ms, us or ns."),
        click.option("--time-zone", help="Zone of times without one, e.g. Europe/Berlin."),
        click.argument("folder", type=click.Path()),
    ):
        command = option(command)
    return command


_jobs = click.option("--jobs", "n_jobs", default=-1, show_default=True, help="Threads; -1 for all cores.")
_as_of = click.option("--as-of", help="Instant, e.g. 2026-06-08; rows at or after it are unseen.")


@main.command()
@_dataset_options
@_refusals
def describe(folder: str, **reading: Any) -> None:
    """Print what a dataset FOLDER holds, what is wrong with it, and the data dictionary.

    \b
    Examples:
      spamclf describe data/sample
      spamclf describe logs --time-unit s
    """
    from spamclf.dataset import read_dataset
    from spamclf.describe import describe as describe_dataset

    click.echo(describe_dataset(read_dataset(folder, **reading)))


@main.command()
@_dataset_options
@click.option("--out", required=True, type=click.Path(), help="Folder for the model.")
@click.option("--overwrite", is_flag=True, help="Replace a model that is there already.")
@_as_of
@click.option("--history-days", default=30.0, show_default=True, help="Look-back of the features.")
@click.option("--fpr", default=0.01, show_default=True, help="Share of honest accounts that may be flagged.")
@click.option("--features", help="Families or features, comma-separated; by default all but reports.")
@click.option("--random-state", default=0, show_default=True, help="Seed.")
@_jobs
@_refusals
def train(
    folder: str,
    out: str,
    overwrite: bool,
    as_of: str | None,
    history_days: float,
    fpr: float,
    features: str | None,
    random_state: int,
    n_jobs: int,
    **reading: Any,
) -> None:
    """Train a model on the labelled accounts of a dataset FOLDER and print how good it is.

    \b
    Examples:
      spamclf train data/sample --out models/mine
      spamclf train logs --out models/2026-06-01 --as-of 2026-06-01 --features account,send_rate,fan_out
    """
    from spamclf.dataset import read_dataset
    from spamclf.files import hold
    from spamclf.train import fit, summary

    with hold(f"{out}.run"):
        dataset = read_dataset(folder, **reading)
        _say(repr(dataset))
        _say("training ...")
        model = fit(
            dataset,
            as_of=as_of,
            features=features.split(",") if features else None,
            history_days=history_days,
            fpr=fpr,
            random_state=random_state,
            n_jobs=n_jobs,
        )
        model.save(out, overwrite=overwrite)
    click.echo(summary(model))
    click.echo(f"saved to {out}")


@main.command()
@_dataset_options
@click.option("--model", help="A model's folder; by default the one that comes with spamclf.")
@_as_of
@click.option("--out", type=click.Path(), help="Write all scores to this .parquet or .csv file.")
@click.option("--top", default=10, show_default=True, help="Accounts to print, highest scores first.")
@click.option("--reasons", "n_reasons", default=3, show_default=True, help="Reasons per account.")
@_jobs
@_refusals
def score(
    folder: str,
    model: str | None,
    as_of: str | None,
    out: str | None,
    top: int,
    n_reasons: int,
    n_jobs: int,
    **reading: Any,
) -> None:
    """Score every account of a dataset FOLDER; print the highest with their reasons, or write all.

    \b
    Examples:
      spamclf score data/sample
      spamclf score data/today --model models/2026-06-01 --as-of 2026-06-08 --out scores.parquet
    """
    import pyarrow as pa

    from spamclf.dataset import read_dataset
    from spamclf.files import hold
    from spamclf.output import check_output, write_result
    from spamclf.predict import score_batches

    with hold(check_output(out)) if out else nullcontext():
        dataset = read_dataset(folder, **reading)
        _say(repr(dataset))
        parts = score_batches(
            dataset, model, as_of=as_of, batch_size=_BATCH, n_reasons=n_reasons, n_jobs=n_jobs
        )
        scores = pa.concat_tables(_progress(parts, dataset.accounts.num_rows))
        if out:
            write_result(scores, out)
    click.echo(_top(scores, top))
    if out:
        click.echo(f"{scores.num_rows:,} scores written to {out}")


@main.command()
@click.argument("out", type=click.Path())
@click.option("--accounts", default=400, show_default=True, help="Number of accounts.")
@click.option("--days", default=30, show_default=True, help="Simulated days.")
@click.option("--automated-share", default=0.2, show_default=True, help="Share of automated accounts.")
@click.option("--random-state", default=0, show_default=True, help="Seed.")
@_refusals
def simulate(out: str, accounts: int, days: int, automated_share: float, random_state: int) -> None:
    """Write a simulated dataset, photos included, to the folder OUT.

    \b
    Example:
      spamclf simulate world --accounts 1000 --random-state 1
    """
    from spamclf.simulate import world, write

    tables = world(accounts, days, automated_share=automated_share, random_state=random_state, media=True)
    write(tables, out)
    click.echo("\n".join(f"{name}: {table.num_rows:,} rows" for name, table in tables.items()))


def _say(text: str) -> None:
    """Tell a person at a terminal how the work goes on; say nothing in a pipe or a job."""
    if sys.stderr.isatty():
        click.echo(text, err=True)


def _progress(parts: Any, n_accounts: int) -> list[Any]:
    from tqdm import tqdm

    done = []
    with tqdm(total=n_accounts, unit="account", disable=not sys.stderr.isatty(), leave=False) as bar:
        for part in parts:
            done.append(part)
            bar.update(part.num_rows)
    return done


def _top(scores: Any, top: int) -> str:
    """Lay out the highest scores as text: account, score, verdict, and the reasons below each."""
    import pyarrow.compute as pc

    judged = scores.filter(pc.not_equal(scores["verdict"], "insufficient_data"))
    first = judged.sort_by([("score", "descending")]).slice(0, top).to_pylist()
    lines = []
    for row in first:
        lines.append(
            f"{row['score']:7.4f}  {row['verdict']:<14} {row['account_id']}  ({row['n_messages']:,} messages)"
        )
        lines += [f"           - {reason['sentence']}" for reason in row["reasons"]]
    counts = {entry["values"]: entry["counts"] for entry in scores["verdict"].value_counts().to_pylist()}
    if scores.num_rows:
        threshold, model, as_of = (scores[name][0].as_py() for name in ("threshold", "model", "as_of"))
        lines.append(
            f"{scores.num_rows:,} accounts as of {as_of:%Y-%m-%d %H:%M:%S} UTC: "
            + ", ".join(f"{count:,} {verdict}" for verdict, count in sorted(counts.items()))
            + f" (model {model}, threshold {threshold:.4f})"
        )
    else:
        lines.append("no accounts")
    return "\n".join(lines)
