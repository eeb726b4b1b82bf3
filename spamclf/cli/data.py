"""The commands ``describe`` and ``simulate``: look at a dataset, make one."""

from __future__ import annotations

from typing import Any

import click

from spamclf.cli.scores import line
from spamclf.cli.shared import dataset_options, refusals, say, seed

__all__ = ["describe", "simulate"]


@click.command(short_help="Print what a dataset holds, and what is wrong with it.")
@dataset_options
@refusals
def describe(folder: str, **reading: Any) -> None:
    """Print what a dataset FOLDER holds, what is wrong with it, and the data dictionary.

    \b
    Examples:
      spamclf describe data/sample
      spamclf describe logs --time-unit s
    """
    from spamclf.describe import describe as describe_dataset
    from spamclf.ego import EgoLog
    from spamclf.folders import read_dataset

    dataset = read_dataset(folder, **reading)
    click.echo(describe_dataset(dataset, EgoLog.build(dataset).n_duplicates))


@click.command(short_help="Write a simulated dataset, photos included.")
@click.argument("out", type=click.Path())
@click.option("--accounts", "n_accounts", default=400, show_default=True, help="Number of accounts.")
@click.option("--days", default=30, show_default=True, help="Simulated days.")
@click.option("--automated-share", default=0.2, show_default=True, help="Share of automated accounts.")
@click.option("--overwrite", is_flag=True, help="Write into a folder that holds something already.")
@seed
@refusals
def simulate(
    out: str, n_accounts: int, days: int, automated_share: float, overwrite: bool, random_state: int
) -> None:
    """Write a simulated dataset, photos included, to the folder OUT.

    Accounts of all worlds are called alike: to try a model on another world, train it with --no-memory.

    \b
    Example:
      spamclf simulate world --accounts 1000 --random-state 1
    """
    from spamclf.simulate import world, write
    from spamclf.simulate.write import check_new

    check_new(out, overwrite=overwrite)
    say(f"simulating {n_accounts:,} accounts for {days:,} days ...")
    tables = world(n_accounts, days, automated_share=automated_share, random_state=random_state, media=True)
    with line() as tell:
        write(tables, out, overwrite=overwrite, progress=tell)
    click.echo("\n".join(f"{name}: {table.num_rows:,} rows" for name, table in tables.items()))
