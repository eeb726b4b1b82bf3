"""The command ``pseudonymise``: a dataset that may leave its platform."""

from __future__ import annotations

import warnings
from typing import Any

import click

from spamclf.cli.scores import line
from spamclf.cli.shared import dataset_options, jobs, refusals

__all__ = ["pseudonymise"]


@click.command(short_help="Write a dataset anew with keyed pseudonyms for ids.")
@dataset_options
@click.option(
    "--out", required=True, type=click.Path(), help="Folder for the new dataset; it must be new or empty."
)
@click.option(
    "--key-file",
    type=click.Path(),
    help="File that holds the key, at least 64 hex digits; by default the key is in the environment, SPAMCLF_KEY.",
)
@click.option(
    "--shown",
    type=click.Choice(["fingerprints", "nothing"]),
    default="fingerprints",
    show_default=True,
    help="What is kept of photos and texts: hashes and signatures of them, or nothing.",
)
@jobs
@refusals
def pseudonymise(folder: str, out: str, key_file: str | None, **settings: Any) -> None:
    """Write a dataset FOLDER anew with keyed pseudonyms for all ids, and without texts and photos.

    The key is written nowhere; with the same key the same id gets the same pseudonym, today and next month.

    \b
    To make one: (umask 077; python -c 'import secrets; print(secrets.token_hex(32))' > spamclf.key)

    Times, and who wrote to whom, are kept: whoever knows some messages of a person can find it by them. What becomes of
    each column, and what can still be found out, stands in PRIVACY.md.

    \b
    Examples:
      spamclf pseudonymise data/sample --out shared --key-file spamclf.key
      SPAMCLF_KEY=$(cat spamclf.key) spamclf pseudonymise logs --out shared --shown nothing
    """
    from spamclf.pseudonymise import pseudonymise as write
    from spamclf.pseudonymise import read_key

    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        key = read_key(key_file)
    for each in told:
        click.echo(f"Warning: {each.message}", err=True)
    with line() as say:
        made = write(folder, out, key=key, progress=say, **settings)
    click.echo(
        f"{made}\nwritten to {out}: times, and who wrote to whom, are kept and can tell who somebody is"
    )
