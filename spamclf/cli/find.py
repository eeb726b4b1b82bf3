"""The command ``campaigns``: what accounts share."""

from __future__ import annotations

import contextlib
from typing import Any

import click

from spamclf.cli.scores import doubt
from spamclf.cli.shared import (
    Refusal,
    apostrophes,
    as_of_option,
    dataset_options,
    jobs,
    refusals,
    result_paths,
    say,
)
from spamclf.errors import ParameterError

__all__ = ["campaigns"]


def _kinds(_: click.Context, __: click.Parameter, value: str | None) -> tuple[str, ...] | None:
    from spamclf.campaigns.listing import check_kinds

    try:
        return None if value is None else check_kinds([k.strip() for k in value.split(",")], with_lists=True)
    except ParameterError as error:
        raise Refusal(str(error), 2) from error


@click.command(short_help="List what accounts share: photos, texts, recipient lists.")
@dataset_options
@as_of_option
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
@click.option(
    "--by",
    default="size",
    show_default=True,
    type=click.Choice(["size", "automated", "growth"]),
    help="Print first the largest, those known best to be automated, or those that grew most in 24 hours.",
)
@click.option("--operators", is_flag=True, help="Name the operators that the evidence ties to them.")
@click.option("--out", type=click.Path(), help="Write all campaigns to this .parquet or .csv file.")
@click.option("--members", type=click.Path(), help="Write who is in which to this .parquet or .csv file.")
@click.option("--sheet", type=click.Path(), help="Draw the largest photo campaigns to this .png file.")
@jobs
@refusals
def campaigns(
    folder: str,
    out: str | None,
    members: str | None,
    sheet: str | None,
    top: int,
    by: str,
    operators: bool,
    n_jobs: int,
    **settings: Any,
) -> None:
    """List the campaigns of a dataset FOLDER: photos, texts and recipient lists that accounts share.

    Account ids are written to --members alone, as they are, so that each finds its account again: who opens a CSV in a
    spreadsheet imports them as text. Photos are shown by their paths: a file named after an account tells its id.
    Operators are named only if asked for. Texts are what strangers show publicly; in a CSV an apostrophe keeps a
    spreadsheet from taking one for a formula.

    \b
    Examples:
      spamclf campaigns data/sample
      spamclf campaigns logs --by growth --top 5
      spamclf campaigns logs --kind photo --as-of 2026-06-08 --sheet photos.png --members members.csv
    """
    from spamclf import find
    from spamclf.contact_sheet import check_sheet, contact_sheet
    from spamclf.describe import row_balance
    from spamclf.ego import EgoLog
    from spamclf.files import hold
    from spamclf.folders import read_dataset
    from spamclf.output import write_result

    if sheet:
        check_sheet(sheet, settings["kinds"])
    paths = result_paths({"out": out, "members": members, "sheet": sheet}, folder)
    reading = {name: settings.pop(name) for name in ("max_bad_share", "time_unit", "time_zone")}
    with contextlib.ExitStack() as held:
        for path in paths.values():
            held.enter_context(hold(path))
        dataset = read_dataset(folder, **reading)
        say(repr(dataset))
        ego = EgoLog.build(dataset, n_jobs=n_jobs)
        found = find.campaigns(dataset, n_jobs=n_jobs, ego=ego, progress=say, **settings)
        if out:
            write_result(found.table, out, texts=["example"])
        if members:
            apostrophes(write_result(found.members(), members))
        if sheet:
            say("drawing the sheet ...")
            n_rows = contact_sheet(found, dataset, sheet)
    doubt(dataset, settings["as_of"], settings["history_days"])
    click.echo(find.summary(found, top=top, by=by, operators=operators))
    click.echo(row_balance(dataset, ego.n_duplicates))
    photos = "their photos" if sheet and n_rows else "no photo campaign found: a sheet that says so"
    for name, what in (("out", "campaigns"), ("members", "their members"), ("sheet", photos)):
        if name in paths:
            click.echo(f"{what} written to {paths[name]}")
