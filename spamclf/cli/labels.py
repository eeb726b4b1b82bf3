"""The commands ``labels ...``: what people decided, for the next training."""

from __future__ import annotations

from typing import Any

import click

from spamclf.cli.shared import dataset_options, refusals

__all__ = ["labels"]


@click.group()
def labels() -> None:
    """Keep the labels that a model learns from.

    \b
    Example:
      spamclf labels add data/today decisions.json
    """


@labels.command(short_help="Add analysts' decisions to the labels of a dataset.")
@dataset_options
@click.argument("decisions", type=click.Path())
@click.option(
    "--out",
    type=click.Path(),
    help="Write all labels to this file instead; it has the ending of the dataset's table.",
)
@refusals
def add(folder: str, decisions: str, out: str | None, **reading: Any) -> None:
    """Add analysts' DECISIONS, a .json or .csv file of a report page, to the labels of a dataset FOLDER.

    A .csv needs account_id, decided_at (e.g. 2026-06-09T10:00:00Z) and decision (automated, not_automated,
    appeal_accepted or unsure); note, score_id and reviewer may be there. A .json holds the same as objects:
    {"format": "spamclf-decisions", "version": 1, "decisions": [...]}.

    A decision is a label from its instant on; an accepted appeal is one that says not automated. What is unsure is
    none. If one decision breaks a rule none is added; the same decisions twice add nothing.

    \b
    Examples:
      spamclf labels add data/today decisions.json
      spamclf labels add data/today decisions.csv --out labels.parquet
    """
    from spamclf.review import add_labels

    added = add_labels(folder, decisions, out=out, **reading)
    click.echo(f"{added}\nlabels are in {added.path}")
