"""``python -m spamclf.simulate OUT``: write a simulated dataset folder."""

from __future__ import annotations

import click

from spamclf.errors import SpamclfError
from spamclf.simulate.world import world
from spamclf.simulate.write import write


@click.command()
@click.argument("out", type=click.Path(file_okay=False))
@click.option("--accounts", default=400, show_default=True, help="Number of accounts.")
@click.option("--days", default=30, show_default=True, help="Simulated days.")
@click.option("--start", default="2026-05-01", show_default=True, help="First day, YYYY-MM-DD (UTC).")
@click.option("--automated-share", default=0.2, show_default=True, help="Share of automated accounts.")
@click.option("--random-state", default=0, show_default=True, help="Seed.")
@click.option(
    "--media/--no-media", default=True, show_default=True, help="Draw pictures, or give hashes only."
)
@click.option("--overwrite", is_flag=True, help="Write into a folder that holds something already.")
def main(
    out: str,
    accounts: int,
    days: int,
    start: str,
    automated_share: float,
    random_state: int,
    media: bool,
    overwrite: bool,
) -> None:
    """Write a simulated dataset to the folder OUT.

    Example: python -m spamclf.simulate data/sample --accounts 400 --random-state 0
    """
    try:
        tables = world(accounts, days, start, automated_share, random_state, media)
        write(tables, out, overwrite=overwrite)
    except SpamclfError as error:
        raise click.ClickException(str(error)) from error
    click.echo("\n".join(f"{name}: {table.num_rows} rows" for name, table in tables.items()))


if __name__ == "__main__":
    main(prog_name="python -m spamclf.simulate")
