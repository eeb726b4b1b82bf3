"""The command ``report``: the flagged accounts on one page, for people to decide about."""

from __future__ import annotations

from typing import Any

import click

from spamclf.cli.scores import doubt
from spamclf.cli.shared import as_of_option, dataset_options, jobs, refusals, result_path, say
from spamclf.wording import counted

__all__ = ["report"]


@click.command(short_help="Write the flagged accounts as one page to decide on.")
@dataset_options
@click.option("--out", required=True, type=click.Path(), help="Write the page to this .html file.")
@click.option("--model", help="A model's folder; by default the one that comes with spamclf.")
@as_of_option
@click.option(
    "--changes",
    "n_changes",
    default=10,
    show_default=True,
    type=click.IntRange(0),
    help="For how many accounts, those closest to the threshold, to search what would clear them; a tenth of a second "
    "each, and more where scores are high.",
)
@click.option(
    "--pictures",
    "n_pictures",
    default=500,
    show_default=True,
    type=click.IntRange(0),
    help="Most pictures to show; those of campaigns come first.",
)
@click.option(
    "--max-accounts",
    default=5_000,
    show_default=True,
    type=click.IntRange(0),
    help="Most flagged accounts to show, the highest scores first.",
)
@click.option(
    "--leave-out-cleared",
    is_flag=True,
    help="Leave out whoever the latest label known by then says is not automated.",
)
@jobs
@refusals
def report(
    folder: str,
    out: str,
    model: str | None,
    as_of: int | None,
    n_changes: int,
    n_pictures: int,
    max_accounts: int,
    leave_out_cleared: bool,
    n_jobs: int,
    **reading: Any,
) -> None:
    """Write the flagged accounts of a dataset FOLDER as one page; open it in a browser, it needs no network.

    Whoever has the file has what is in it: the ids of flagged accounts, what they did and showed. Accounts that are not
    flagged are counted, never named.

    \b
    Examples:
      spamclf report data/sample --out report.html
      spamclf report data/today --model models/2026-06-01 --as-of 2026-06-08 --out today.html
      spamclf report data/today --leave-out-cleared --as-of 2026-06-08 --out today.html
    """
    from spamclf.files import hold
    from spamclf.folders import read_dataset
    from spamclf.report.writing import written
    from spamclf.scoring import as_model

    path = result_path(out, folder, endings=(".html",))
    with hold(path):
        dataset = read_dataset(folder, **reading)
        say(repr(dataset))
        used = as_model(model)
        done = written(
            dataset,
            path,
            used,
            as_of=as_of,
            n_changes=n_changes,
            n_pictures=n_pictures,
            max_accounts=max_accounts,
            leave_out_cleared=leave_out_cleared,
            n_jobs=n_jobs,
            progress=say,
        )
    doubt(dataset, as_of, used.history_days)
    click.echo(f"{counted(done.n_accounts, 'flagged account')} written to {path}")
    if leave_out_cleared:
        click.echo(
            f"{counted(done.n_cleared, 'flagged account')} left out: the latest label says not automated"
        )
        if as_of is None and done.n_unheard:
            click.echo(
                f"Warning: {counted(done.n_unheard, 'label')} came after the last message, report, photo, text or "
                "registration, where the report ends. Say --as-of to hear them.",
                err=True,
            )
