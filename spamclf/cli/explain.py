"""The commands ``explain`` and ``replay``: why an account scores as it does, and whether it once did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from spamclf.cli.shared import as_of_option, dataset_options, jobs, refusals, say

if TYPE_CHECKING:
    from spamclf.explain.statements import DecidedBy
    from spamclf.explain.subject import Subject

__all__ = ["explain", "replay"]


@click.command(short_help="Say why an account scores as it does.")
@dataset_options
@click.option("--account", "account_id", required=True, help="Its id.")
@click.option("--model", help="A model's folder; by default the one that comes with spamclf.")
@as_of_option
@click.option(
    "--for",
    "audience",
    type=click.Choice(["both", "reviewer", "user"]),
    default="both",
    show_default=True,
    help="Whom to print for; only what is printed for the user may be handed to the user.",
)
@click.option(
    "--max-features",
    type=click.IntRange(1),
    help="Most features that the change which clears it may take; by default as many as needed.",
)
@click.option("--ground", help="The clause of your terms of service that the account broke.")
@click.option(
    "--decided-by",
    type=click.Choice(["person", "machine"]),
    help="Who took the decision, as the statements are to say; without it they are drafts that leave it open.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@jobs
@refusals
def explain(
    folder: str,
    account_id: str,
    model: str | None,
    as_of: int | None,
    audience: str,
    max_features: int | None,
    ground: str | None,
    decided_by: DecidedBy | None,
    as_json: bool,
    n_jobs: int,
    **reading: Any,
) -> None:
    """Explain the score of one account of a dataset FOLDER: reasons, a change that clears it, statements.

    \b
    Examples:
      spamclf explain data/sample --account ID
      spamclf explain data/today --account ID --model models/2026-06-01 --as-of 2026-06-08 --for user \\
        --ground "Clause 4.2: no bulk messages." --decided-by person
    """
    import json

    from spamclf.explain.statements import GROUND, check_texts
    from spamclf.explain.subject import Subject
    from spamclf.folders import read_dataset

    ground = GROUND if ground is None else ground
    check_texts({"ground": ground})
    dataset = read_dataset(folder, **reading)
    say(repr(dataset))
    say("scoring ...")
    subject = Subject.of("explain", dataset, model, account_id, as_of, n_jobs, None)
    say("searching what would clear it ..." if audience != "user" else "writing the statement ...")
    told = _told(subject, audience, max_features, ground, decided_by)
    if audience == "user" and subject.known_label is not None:  # stdout may go to the user as it is
        click.echo(f"For you, not for the user: known label: {subject.known_label}.", err=True)
    if as_json:
        click.echo(
            json.dumps(
                {name: None if each is None else each.to_dict() for name, each in told.items()}, indent=1
            )
        )
        return
    draft = "" if decided_by else ": a draft, until --decided-by says who decided"
    for name, each in told.items():
        text = "none: the model does not flag this account" if each is None else str(each)
        title = _TITLES[name] + (draft if name == "user" and each is not None else "")
        click.echo(f"{title}\n" + "\n".join(f"  {_printable(line)}" for line in text.splitlines()))


@click.command(short_help="Rebuild a past score, and compare it bit for bit.")
@dataset_options
@click.option("--score-id", required=True, help="As `score` gave it.")
@click.option("--model", help="The model's folder; by default the one that comes with spamclf.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@jobs
@refusals
def replay(folder: str, score_id: str, model: str | None, as_json: bool, n_jobs: int, **reading: Any) -> None:
    """Rebuild a past score from a dataset FOLDER and its model, and compare it bit for bit.

    Exit code 1 if it is not the same; what differs is printed.

    \b
    Example:
      spamclf replay data/today --model models/2026-06-01 --score-id ID
    """
    import json

    from spamclf.explain import replay as rebuild
    from spamclf.folders import read_dataset

    dataset = read_dataset(folder, **reading)
    say(repr(dataset))
    found = rebuild(score_id, dataset, model, n_jobs=n_jobs)
    click.echo(json.dumps(found.to_dict(), indent=1) if as_json else str(found))
    if not found.identical:
        raise click.exceptions.Exit(1)


_TITLES = {
    "reasons": "Reasons, in log odds before calibration, by family",
    "counterfactual": "What would clear it",
    "reviewer": "Statement of reasons, for the reviewer",
    "user": "Statement of reasons, for the user",
}


def _told(
    subject: Subject, audience: str, max_features: int | None, ground: str, decided_by: DecidedBy | None
) -> dict[str, Any]:
    """Return what is to be printed, by name; None for a statement on an account that is not flagged."""
    from spamclf.explain.changes import counterfactual_of
    from spamclf.explain.families import reasons_of
    from spamclf.explain.statements import Audience, statement_of

    told: dict[str, Any] = {}
    flagged = subject.verdict == "automated"
    if audience != "user":
        told["reasons"] = reasons_of(subject, 5)
        told["counterfactual"] = counterfactual_of(subject, max_features)
    audiences: tuple[Audience, ...] = ("reviewer", "user")
    for each in audiences:
        if audience in ("both", each):
            change = told.get("counterfactual")
            told[each] = None
            if flagged:
                told[each] = statement_of(subject, each, change=change, ground=ground, decided_by=decided_by)
    return told


def _printable(line: str) -> str:
    """Show a line so that no character of it moves a terminal's cursor or colours."""
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in line)
