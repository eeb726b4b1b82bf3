"""The command line: ``spamclf describe | train | score | campaigns | simulate``."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Callable, Iterable
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import click

from spamclf.errors import OutputError, ParameterError, SpamclfError

__all__ = ["main"]

P = ParamSpec("P")
R = TypeVar("R")

_BATCH = 100_000  # accounts scored between two steps of the progress bar


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(sys.modules[__package__].__version__, package_name="spamclf")
def main() -> None:
    """Find automated bulk senders from metadata: who wrote to whom and when.

    \b
    Examples:
      spamclf describe data/sample
      spamclf score data/sample --top 3

    Exit codes: 0 done; 1 the data, the model or the output was refused (one line on stderr says why);
    2 the command itself was wrong.
    """


def _refusals(command: Callable[P, R]) -> Callable[P, R]:
    """Turn errors that a caller can mend into their message and an exit code, without a traceback."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except SpamclfError as error:
            raise _Refusal(str(error), 2 if isinstance(error, ParameterError) else 1) from error
        except OSError as error:
            if error.errno == errno.EPIPE:  # a reader such as `head` has seen enough: click ends quietly
                raise
            with contextlib.suppress(OSError):  # what could not be printed must not be tried again at exit
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            reason = error.strerror or type(error).__name__
            raise _Refusal(
                f"output: it must be writable; got: {reason}. Check where it goes and the free space.", 1
            ) from error

    return run


class _Refusal(click.ClickException):
    """One message on stderr and an exit code."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code  # type: ignore[misc]  # a plain attribute to click


def _instant(_: click.Context, __: click.Parameter, value: str | None) -> int | None:
    from spamclf.instants import to_instant

    try:
        return None if value is None else to_instant(value, name="--as-of", where="command")
    except ParameterError as error:
        raise _Refusal(str(error), 2) from error


def _feature_names(_: click.Context, __: click.Parameter, value: str | None) -> tuple[str, ...] | None:
    from spamclf.features.extract import resolve_features

    try:
        return None if value is None else resolve_features([name.strip() for name in value.split(",")])
    except ParameterError as error:
        raise _Refusal(str(error), 2) from error


def _kinds(_: click.Context, __: click.Parameter, value: str | None) -> tuple[str, ...] | None:
    from spamclf.campaigns.listing import check_kinds

    try:
        return None if value is None else check_kinds([k.strip() for k in value.split(",")], with_lists=True)
    except ParameterError as error:
        raise _Refusal(str(error), 2) from error


def _dataset_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option(
            "--max-bad-share",
            default=0.01,
            show_default=True,
            type=click.FloatRange(0, 1),
            help="Largest share of bad rows per table.",
        ),
        click.option(
            "--time-unit", type=click.Choice(["s", "ms", "us", "ns"]), help="Unit of times that are integers."
        ),
        click.option("--time-zone", help="Zone of times without one, e.g. Europe/Berlin."),
        click.argument("folder", type=click.Path()),
    ):
        command = option(command)
    return command


_jobs = click.option("--jobs", "n_jobs", default=-1, show_default=True, help="Threads; -1 for all cores.")
_as_of = click.option(
    "--as-of",
    callback=_instant,
    help="Instant, e.g. 2026-06-08 (UTC unless it says otherwise); rows at or after it are unseen.",
)
_seed = click.option(
    "--random-state", default=0, show_default=True, type=click.IntRange(0, 2**32 - 1), help="Seed."
)


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
    from spamclf.ego import EgoLog

    dataset = read_dataset(folder, **reading)
    click.echo(describe_dataset(dataset, EgoLog.build(dataset).n_duplicates))


@main.command()
@_dataset_options
@click.option("--out", required=True, type=click.Path(), help="Folder for the model.")
@click.option("--overwrite", is_flag=True, help="Replace a model that is there already.")
@_as_of
@click.option("--history-days", default=30.0, show_default=True, help="Look-back of the features.")
@click.option("--fpr", default=0.01, show_default=True, help="Share of honest accounts that may be flagged.")
@click.option(
    "--features",
    callback=_feature_names,
    help="Families or features, comma-separated; by default all of --tiers.",
)
@click.option(
    "--tiers",
    default="0,1,2,3",
    show_default=True,
    callback=lambda _, __, value: tuple(tier.strip() for tier in value.split(",")),
    help="What the model may look at: 0 registration, 1 messages, 2 photos, 3 public texts, F reports.",
)
@click.option(
    "--memory/--no-memory",
    default=True,
    show_default=True,
    help="Whether the model remembers the fingerprints it saw, to recognise known campaigns.",
)
@_seed
@_jobs
@_refusals
def train(folder: str, out: str, overwrite: bool, n_jobs: int, **settings: Any) -> None:
    """Train a model on the labelled accounts of a dataset FOLDER and print how good it is.

    \b
    Examples:
      spamclf train data/sample --out models/mine
      spamclf train logs --out models/2026-06-01 --as-of 2026-06-01 --features account,send_rate,fan_out
    """
    from spamclf.dataset import read_dataset
    from spamclf.describe import row_balance
    from spamclf.files import hold
    from spamclf.output import check_model_output
    from spamclf.train import fit, summary

    reading = {name: settings.pop(name) for name in ("max_bad_share", "time_unit", "time_zone")}
    target = check_model_output(out, overwrite=overwrite)
    with hold(target):
        dataset = read_dataset(folder, **reading)
        _say(repr(dataset))
        _say("training ...")
        model = fit(dataset, n_jobs=n_jobs, **settings)
        model.save(target, overwrite=overwrite)
    click.echo(summary(model))
    click.echo(row_balance(dataset, model.info["data"]["duplicates"]))
    click.echo(f"saved to {out}")


@main.command()
@_dataset_options
@click.option("--model", help="A model's folder; by default the one that comes with spamclf.")
@_as_of
@click.option("--out", type=click.Path(), help="Write all scores to this .parquet or .csv file.")
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
    default=3,
    show_default=True,
    type=click.IntRange(0),
    help="Reasons per account.",
)
@_jobs
@_refusals
def score(
    folder: str,
    model: str | None,
    as_of: int | None,
    out: str | None,
    top: int,
    n_reasons: int,
    reasons_for: str,
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
    from spamclf.describe import row_balance
    from spamclf.ego import EgoLog
    from spamclf.files import hold
    from spamclf.output import write_result
    from spamclf.predict import score_batches

    with hold(_result_path(out, folder)) if out else contextlib.nullcontext():
        dataset = read_dataset(folder, **reading)
        _say(repr(dataset))
        ego = EgoLog.build(dataset, n_jobs=n_jobs)
        parts = score_batches(
            dataset,
            model,
            as_of=as_of,
            batch_size=_BATCH,
            n_reasons=n_reasons,
            reasons_for=reasons_for,
            n_jobs=n_jobs,
            ego=ego,
        )
        scores = pa.concat_tables(_with_progress(parts, ego.n_accounts))
        if out:
            write_result(scores, out)
    click.echo(_top(scores, top))
    _doubt(dataset, scores)
    click.echo(row_balance(dataset, ego.n_duplicates))
    if out:
        click.echo(f"{scores.num_rows:,} scores written to {out}")


@main.command()
@_dataset_options
@_as_of
@click.option("--history-days", default=30.0, show_default=True, help="Look-back of the sightings.")
@click.option(
    "--kind",
    "kinds",
    callback=_kinds,
    help="Some of photo,text,list; by default all. What is left out is not read.",
)
@click.option(
    "--min-accounts", default=3, show_default=True, type=click.IntRange(1), help="Leave smaller ones out."
)
@click.option("--top", default=20, show_default=True, type=click.IntRange(0), help="Campaigns to print.")
@click.option("--operators", is_flag=True, help="Name the operators that the evidence ties to them.")
@click.option("--out", type=click.Path(), help="Write all campaigns to this .parquet or .csv file.")
@click.option("--members", type=click.Path(), help="Write who is in which to this .parquet or .csv file.")
@click.option("--sheet", type=click.Path(), help="Draw the largest photo campaigns to this .png file.")
@_jobs
@_refusals
def campaigns(
    folder: str,
    out: str | None,
    members: str | None,
    sheet: str | None,
    top: int,
    operators: bool,
    n_jobs: int,
    **settings: Any,
) -> None:
    """List the campaigns of a dataset FOLDER: photos, texts and recipient lists that accounts share.

    Account ids are written to --members alone, and operators named only if asked for. Texts are what strangers
    show publicly.

    \b
    Examples:
      spamclf campaigns data/sample
      spamclf campaigns logs --kind photo --as-of 2026-06-08 --sheet photos.png --members members.csv
    """
    from spamclf import find
    from spamclf.dataset import read_dataset
    from spamclf.describe import row_balance
    from spamclf.ego import EgoLog
    from spamclf.files import hold
    from spamclf.output import write_result

    paths = _result_paths({"out": out, "members": members, "sheet": sheet}, folder)
    reading = {name: settings.pop(name) for name in ("max_bad_share", "time_unit", "time_zone")}
    with contextlib.ExitStack() as held:
        for path in paths.values():
            held.enter_context(hold(path))
        dataset = read_dataset(folder, **reading)
        _say(repr(dataset))
        ego = EgoLog.build(dataset, n_jobs=n_jobs)
        _say("looking for campaigns ...")
        found = find.campaigns(dataset, n_jobs=n_jobs, ego=ego, **settings)
        if out:
            write_result(found.table, out, texts=["example"])
        if members:
            write_result(found.members(), members)
        if sheet:
            from spamclf.contact_sheet import contact_sheet

            _say("drawing the sheet ...")
            contact_sheet(found, dataset, sheet)
    click.echo(find.summary(found, top=top, operators=operators))
    click.echo(row_balance(dataset, ego.n_duplicates))
    for name, what in (("out", "campaigns"), ("members", "their members"), ("sheet", "their photos")):
        if name in paths:
            click.echo(f"{what} written to {paths[name]}")


@main.command()
@click.argument("out", type=click.Path())
@click.option("--accounts", default=400, show_default=True, help="Number of accounts.")
@click.option("--days", default=30, show_default=True, help="Simulated days.")
@click.option("--automated-share", default=0.2, show_default=True, help="Share of automated accounts.")
@click.option("--overwrite", is_flag=True, help="Write into a folder that holds something already.")
@_seed
@_refusals
def simulate(
    out: str, accounts: int, days: int, automated_share: float, overwrite: bool, random_state: int
) -> None:
    """Write a simulated dataset, photos included, to the folder OUT.

    \b
    Example:
      spamclf simulate world --accounts 1000 --random-state 1
    """
    from spamclf.simulate import world, write

    tables = world(accounts, days, automated_share=automated_share, random_state=random_state, media=True)
    write(tables, out, overwrite=overwrite)
    click.echo("\n".join(f"{name}: {table.num_rows:,} rows" for name, table in tables.items()))


def _result_path(out: str, folder: str, name: str = "out") -> Path:
    """Return where a result goes, before any work is done for it: never over a table it is made from."""
    from spamclf.contact_sheet import check_sheet
    from spamclf.output import check_output
    from spamclf.schema import TABLES

    path = check_sheet(out) if name == "sheet" else check_output(out, name=name)
    inside = path.resolve().relative_to(Path(folder).resolve()).parts if path.resolve().is_relative_to(
        Path(folder).resolve()
    ) else ("",)  # fmt: skip
    if inside[0].split(".")[0] in TABLES:  # a table's file, or a part in its folder
        raise OutputError(
            f"{name}: it must be none of the dataset's tables; got {path.name!r}. Choose another name or folder."
        )
    return path


def _result_paths(outs: dict[str, str | None], folder: str) -> dict[str, Path]:
    """Return where several results go, each to a place of its own."""
    paths = {name: _result_path(out, folder, name) for name, out in outs.items() if out}
    if len({path.resolve() for path in paths.values()}) < len(paths):
        raise OutputError(f"{' and '.join(paths)}: they must differ; got one file twice. Choose other names.")
    return paths


def _say(text: str) -> None:
    """Tell a person at a terminal how the work goes on; say nothing in a pipe or a job."""
    if sys.stderr.isatty():
        click.echo(text, err=True)


def _with_progress(parts: Iterable[Any], n_accounts: int) -> list[Any]:
    """Collect the parts behind a progress bar, which only a terminal gets to see."""
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

    if not scores.num_rows:
        return "no accounts"
    judged = scores.filter(pc.not_equal(scores["verdict"], "insufficient_data"))
    ranked = judged.sort_by([("score", "descending"), ("account_id", "ascending")])
    lines = []
    for row in ranked.slice(0, top).to_pylist():
        name, n_messages = _printable(row["account_id"]), f"{row['n_messages']:,} messages"
        lines.append(f"{row['score']:7.4f}  {row['verdict']:<14} {name}  ({n_messages})")
        lines += [f"           - {reason['sentence']}" for reason in row["reasons"]]
    counts = {entry["values"]: entry["counts"] for entry in scores["verdict"].value_counts().to_pylist()}
    threshold, model, as_of = (scores[name][0].as_py() for name in ("threshold", "model", "as_of"))
    lines.append(
        f"{scores.num_rows:,} accounts as of {as_of:%Y-%m-%d %H:%M:%S} UTC: "
        + ", ".join(f"{count:,} {verdict}" for verdict, count in sorted(counts.items()))
        + f" (model {model}, threshold {threshold:.4f})"
    )
    return "\n".join(lines)


def _doubt(dataset: Any, scores: Any) -> None:
    """Say on stderr what makes a run suspect though every row of it is in order."""
    import pyarrow.compute as pc

    seen, n_messages = pc.sum(scores["n_messages"]).as_py() or 0, dataset.messages.num_rows
    if seen < 0.01 * n_messages:
        first, last = (
            f"{each.as_py():%Y-%m-%d %H:%M}" for each in pc.min_max(dataset.messages["sent_at"]).values()
        )
        click.echo(
            f"Warning: the look-back holds {seen:,} of {n_messages:,} messages, which run from {first} to {last} UTC. "
            "Are --as-of and --time-unit right?",
            err=True,
        )


def _printable(account_id: Any) -> str:
    """Show an id so that no character of it moves a terminal's cursor or colours."""
    text = str(account_id)
    return text if text.isprintable() else repr(text)
