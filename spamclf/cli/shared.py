"""What the commands share: their options, how they refuse, and where their results go."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import click

from spamclf.errors import OutputError, ParameterError, SpamclfError
from spamclf.files import make_folder
from spamclf.progress import clock
from spamclf.wording import counted

__all__ = [
    "Refusal",
    "apostrophes",
    "as_of_option",
    "dataset_options",
    "jobs",
    "model_path",
    "refusals",
    "result_folder",
    "result_path",
    "result_paths",
    "say",
    "seed",
    "training_as_of_option",
]

ENDINGS = (".parquet", ".csv")  # of a table
_BEGAN = time.monotonic()  # a command is a process, and this is read when it begins
P = ParamSpec("P")
R = TypeVar("R")


def refusals(command: Callable[P, R]) -> Callable[P, R]:
    """Turn errors that a caller can mend into their message and an exit code, without a traceback."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            with warnings.catch_warnings():
                _show_warnings()
                return command(*args, **kwargs)
        except SpamclfError as error:
            raise Refusal(str(error), 2 if isinstance(error, ParameterError) else 1) from error
        except KeyboardInterrupt:
            click.echo("\nInterrupted. No output is left half-written.", err=True)
            raise SystemExit(130) from None
        except OSError as error:
            if error.errno == errno.EPIPE:  # a reader such as `head` has seen enough: click ends quietly
                raise
            with contextlib.suppress(OSError):  # what could not be printed must not be tried again at exit
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            reason = error.strerror or type(error).__name__
            raise Refusal(
                f"output: it must be writable; got: {reason}. Check where it goes and the free space.", 1
            ) from error

    return run


def _show_warnings() -> None:
    """Print what the library warns of as a line for people, without the place in its source."""
    usual = warnings.showwarning

    def show(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
        if category is UserWarning:
            click.echo(f"Warning: {_of_options(str(message))}", err=True)
        else:
            usual(message, category, *place, **more)

    warnings.showwarning = show


def _of_options(message: str) -> str:
    """Call the arguments that a message speaks of by the options of the command; words such as ``out`` stay."""
    from spamclf.schema import TABLES

    columns = {column.name for table in TABLES.values() for column in table.columns}  # account_id is one, too
    context = click.get_current_context(silent=True)
    for each in context.command.params if context else ():
        name = each.name or ""
        if isinstance(each, click.Option) and each.is_flag:
            message = re.sub(rf"\b(say|pass) {name}(=True)?(?=[.,])", f"say {each.opts[-1]}", message)
        if isinstance(each, click.Option) and "_" in name and name not in columns:
            if each.secondary_opts:
                message = message.replace(f"{name}=False", each.secondary_opts[-1])
            message = re.sub(rf"\b{name}=", f"{each.opts[-1]} ", message)
            message = re.sub(rf"\b{name}\b", each.opts[-1], message)
    return message


class Refusal(click.ClickException):
    """One message on stderr and an exit code."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(_of_options(message))
        self.exit_code = exit_code  # type: ignore[misc]  # a plain attribute to click


def _instant(_: click.Context, __: click.Parameter, value: str | None) -> int | None:
    from spamclf.instants import to_instant

    try:
        return None if value is None else to_instant(value, name="--as-of", where="command")
    except ParameterError as error:
        raise Refusal(str(error), 2) from error


def dataset_options(command: Callable[..., Any], *, required: bool = True) -> Callable[..., Any]:
    """Add the folder of a dataset, and how it is to be read, to a command."""
    for option in (
        click.option(
            "--max-bad-share",
            default=0.01,
            show_default=True,
            type=click.FloatRange(0, 1),
            help="Largest share of bad rows per table.",
        ),
        click.option(
            "--time-unit", type=click.Choice(["s", "ms", "us", "ns"]), help="Unit of times that are integers."
        ),
        click.option("--time-zone", help="Zone of times without one, e.g. Europe/Berlin."),
        click.argument("folder", type=click.Path(), required=required),
    ):
        command = option(command)
    return command


jobs = click.option("--jobs", "n_jobs", default=-1, show_default=True, help="Threads; -1 for all cores.")


def _as_of(last: str) -> Callable[[Any], Any]:
    return click.option(
        "--as-of",
        callback=_instant,
        help="Instant, e.g. 2026-06-08 (UTC unless it says otherwise); rows at or after it are unseen. By default just "
        f"after the last {last}.",
    )


as_of_option = _as_of("message, report, photo, text or registration")
training_as_of_option = _as_of("row of any table, labels too")
seed = click.option(
    "--random-state", default=0, show_default=True, type=click.IntRange(0, 2**32 - 1), help="Seed."
)


def result_path(out: str, folder: str, name: str = "out", endings: Sequence[str] = ENDINGS) -> Path:
    """Return where a result goes, before any work is done for it: never over a table it is made from."""
    from spamclf.contact_sheet import check_sheet
    from spamclf.output import check_beside, check_output

    path = check_sheet(out) if name == "sheet" else check_output(out, endings, name=name)
    return check_beside(path, folder, name=name)


def model_path(out: str, folder: str, *, overwrite: bool) -> Path:
    """Return where a model goes, before any work is done for it: never among the tables it is made from."""
    from spamclf.folders import is_of_tables
    from spamclf.output import check_model_output

    if out.strip() and (Path(out).resolve() == Path(folder).resolve() or is_of_tables(Path(out), folder)):
        raise OutputError(
            f"out: a model must have a folder of its own; got {Path(out).name!r}, which is the dataset's. "
            "Use for instance models/mine."
        )
    return check_model_output(out, overwrite=overwrite)


def result_folder(out: str, folder: str | None) -> Path:
    """Return the folder that several results go to, made if it is not there: never the one of the tables.

    A command that is refused leaves no empty one behind.
    """
    from spamclf.folders import is_of_tables

    path = Path(out)
    if not out.strip() or (path.exists() and not path.is_dir()):
        raise OutputError(f"out: it must be a folder; got {path.name!r}. Use for instance reports/mine.")
    if folder is not None and (path.resolve() == Path(folder).resolve() or is_of_tables(path, folder)):
        raise OutputError(
            f"out: results must have a folder of their own; got {path.name!r}, which is the dataset's. "
            "Use for instance reports/mine."
        )
    if not path.exists():
        click.get_current_context().call_on_close(lambda: _remove_if_empty(path))
    return make_folder(path, where="out")


def _remove_if_empty(folder: Path) -> None:
    with contextlib.suppress(OSError):
        folder.rmdir()


def result_paths(outs: dict[str, str | None], folder: str) -> dict[str, Path]:
    """Return where several results go, each to a place of its own."""
    paths = {name: result_path(out, folder, name) for name, out in outs.items() if out}
    if len({path.resolve() for path in paths.values()}) < len(paths):
        raise OutputError(f"{' and '.join(paths)}: they must differ; got one file twice. Choose other names.")
    return paths


def apostrophes(n_ids: int) -> None:
    """Tell that ids of a CSV file are not as the dataset has them."""
    if n_ids:
        click.echo(
            f"Warning: {counted(n_ids, 'id')} would be a formula in a spreadsheet: an apostrophe stands before each in "
            "the CSV. Take it away before you join by them, or use Parquet.",
            err=True,
        )


def say(text: str) -> None:
    """Tell a person at a terminal how the work goes on, and how long it took so far; nothing in a pipe or a job."""
    if sys.stderr.isatty():
        click.echo(f"{clock(time.monotonic() - _BEGAN):>7}  {text}", err=True)
