"""The command line: ``spamclf describe``, ``train``, ``score`` and so on, each in a file of its own kind."""

from __future__ import annotations

import atexit
import contextlib
import multiprocessing
import os
import sys

import click

from spamclf.cli.completion import completion
from spamclf.cli.data import describe, simulate
from spamclf.cli.dossier import dossier
from spamclf.cli.evaluate import evaluate
from spamclf.cli.explain import explain, replay
from spamclf.cli.find import campaigns
from spamclf.cli.labels import labels
from spamclf.cli.models import score, train
from spamclf.cli.pseudonymise import pseudonymise
from spamclf.cli.report import report

__all__ = ["main", "run"]


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(sys.modules["spamclf"].__version__, package_name="spamclf")
def main() -> None:
    """Find automated bulk senders from metadata: who wrote to whom and when.

    \b
    Examples:
      spamclf describe data/sample
      spamclf score data/sample --top 3

    Exit codes: 0 done; 1 the data, the model, the output or a certificate was refused (stderr says why);
    2 the command itself was wrong; 130 it was interrupted.
    """


for _command in (
    describe, train, score, evaluate, explain, replay, report, campaigns, dossier, simulate, labels,
    pseudonymise, completion,
):  # fmt: skip
    main.add_command(_command)


def run() -> None:
    """Run the command that a shell asks for, and end the process as soon as it is done.

    To take down an interpreter with all that was loaded takes time, in which a signal kills the process without a word
    and threads of C++ that are still at work may abort it. Where other processes are to be told that there is no more
    work, it ends as usual.
    """
    if None in (sys.stdout, sys.stderr):  # closed by the caller: what is meant for one would go to the other
        nowhere = open(os.devnull, "w")  # noqa: SIM115  # a standard stream stays open as long as the process lasts
        sys.stdout, sys.stderr = sys.stdout or nowhere, sys.stderr or nowhere
    try:
        main(prog_name="spamclf")
    except SystemExit as ended:
        if multiprocessing.active_children():
            raise
        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):  # nobody reads any more
                stream.flush()
        os._exit(ended.code if isinstance(ended.code, int) else bool(ended.code))
