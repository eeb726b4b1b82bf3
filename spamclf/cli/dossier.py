"""The command ``dossier``: everything that ties accounts to one operation."""

from __future__ import annotations

from typing import Any

import click

from spamclf.cli.shared import as_of_option, dataset_options, jobs, refusals, result_folder, say
from spamclf.wording import counted

__all__ = ["dossier"]


@click.command(short_help="Lay out all that ties accounts to one operation.")
@dataset_options
@click.option("--operator", help="An operator that the evidence names.")
@click.option(
    "--campaign", help="A campaign as `campaigns` lists it, e.g. 'photo 3'; instead of an operator."
)
@click.option("--policy-date", help="Tell apart what went on from this instant on, e.g. 2019-12-07 (UTC).")
@click.option("--model", help="A model's folder; by default the one that comes with spamclf.")
@as_of_option
@click.option("--history-days", default=30.0, show_default=True, help="Look-back of the campaigns.")
@click.option(
    "--min-accounts",
    default=3,
    show_default=True,
    type=click.IntRange(1),
    help="Leave smaller campaigns out.",
)
@click.option("--out", required=True, type=click.Path(), help="Folder for dossier.html and dossier.json.")
@jobs
@refusals
def dossier(
    folder: str,
    model: str | None,
    out: str,
    max_bad_share: float,
    time_unit: str | None,
    time_zone: str | None,
    **settings: Any,
) -> None:
    """Lay out everything that ties accounts of a dataset FOLDER to one operation, known and inferred told apart.

    Writes a page to read or print (dossier.html) and the same as data (dossier.json), with the SHA-256 of every row
    about these accounts: the same data, model and arguments give the same bytes. It names accounts, and nobody whom
    they wrote to.

    \b
    Examples:
      spamclf dossier logs --operator "Bulk Ltd" --policy-date 2019-12-07 --out dossiers/bulk
      spamclf dossier data/sample --campaign "photo 3" --out dossiers/photo-3
    """
    from spamclf.dossier.gathering import gather
    from spamclf.folders import read_dataset

    target = result_folder(out, folder)
    dataset = read_dataset(folder, max_bad_share=max_bad_share, time_unit=time_unit, time_zone=time_zone)
    say(repr(dataset))
    say("gathering ...")
    found = gather(dataset, model, **settings)
    found.write(target)
    summary, after = found.contents["summary"], found.contents["after_policy"]
    click.echo(
        f"{counted(summary['n_accounts'], 'account')}, {summary['n_known']:,} known by evidence and "
        f"{summary['n_inferred']:,} inferred: {counted(summary['n_sent'], 'message')} to "
        f"{counted(summary['n_strangers'], 'stranger')}"
    )
    if after is not None:
        click.echo(
            f"from the policy date on: {counted(after['n_sent'], 'message')} to "
            f"{counted(after['n_strangers'], 'new stranger')}, {counted(after['n_registered'], 'new account')}"
        )
    click.echo(f"dossier written to {target / 'dossier.html'} and {target / 'dossier.json'}")
