"""The command ``completion``: let the shell complete commands and options."""

from __future__ import annotations

from typing import Any

import click

from spamclf.cli.shared import refusals

__all__ = ["completion"]

_SHELLS = ("bash", "zsh", "fish")


@click.command(short_help="Print the script that makes a shell complete commands.")
@click.argument("shell", type=click.Choice(_SHELLS))
@click.pass_context
@refusals
def completion(context: click.Context, shell: str) -> None:
    """Print the script that makes SHELL complete the commands and options of spamclf: bash (4.4 or later), zsh or fish.

    \b
    Examples:
      spamclf completion bash >> ~/.bashrc
      spamclf completion zsh >> ~/.zshrc
      spamclf completion fish > ~/.config/fish/completions/spamclf.fish
    """
    from click.shell_completion import ShellComplete, get_completion_class

    kind: Any = get_completion_class(shell)
    assert kind is not None  # click brings all three
    # The class for bash would ask the bash at hand for its version, which need not be the one that reads the script.
    click.echo(ShellComplete.source(kind(context.find_root().command, {}, "spamclf", "_SPAMCLF_COMPLETE")))
