"""A report of 5,000 of 50,000 accounts: how long it takes beside scoring, and how fast its page is in a real browser.

``python -m tests.benches.report`` prints the table.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path

from spamclf import Dataset, predict, report, simulate
from tests.benches.timing import markdown, side_by_side
from tests.report.browser import MISSING, Browser, browser

_ROUNDS = 5
#: Runs what is asked and returns the milliseconds until the browser has drawn what came of it.
_DRAWN = """
const begin = performance.now();
{act}
return new Promise((done) => requestAnimationFrame(() => setTimeout(() => done(performance.now() - begin))));
"""
_SORT = "document.querySelector('#head th:nth-child({column}) button').click();"
_FILTER = """
const by = document.getElementById('{name}');
by.value = '{value}';
by.dispatchEvent(new Event('input', {{ bubbles: true }}));
"""


def in_a_browser(page: Path) -> list[list[str]]:
    """Open the page anew each time; sort it by each column, filter it and open cases."""
    paints, sorts, filters, cases = [], [], [], []
    with browser() as window:
        for k in range(_ROUNDS):
            window.open(page, f"?{k}")
            window.until("performance.getEntriesByType('paint').length")
            paints.append(
                float(
                    window.run("return performance.getEntriesByName('first-contentful-paint')[0].startTime")
                )
            )
            n_columns = int(window.run("return document.querySelectorAll('#head th button').length"))
            sorts += [_took(window, _SORT.format(column=column + 1)) for column in range(n_columns)]
            for name, value in (("search", "7"), ("search", "77"), ("by-campaign", "0"), ("by-label", "1")):
                filters.append(_took(window, _FILTER.format(name=name, value=value)))
                window.run("document.getElementById('clear').click()")
            cases += [_took(window, f"location.hash = '#account-{place}';") for place in (0, 2_000, 4_999)]
    slowest = {"sorted": sorts, "searched or filtered": filters, "a case opened": cases}
    bars = {"sorted": "< 100 ms", "searched or filtered": "< 100 ms", "a case opened": ""}
    return [
        ["first paint, median", f"{statistics.median(paints):,.0f} ms", "< 2,000 ms"],
        *(
            [
                f"{what}, median and slowest",
                f"{statistics.median(each):,.0f} ms, {max(each):,.0f} ms",
                bars[what],
            ]
            for what, each in slowest.items()
        ),
    ]


def _took(window: Browser, act: str) -> float:
    return float(window.run(_DRAWN.replace("{act}", act)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=50_000)
    arguments = parser.parse_args()
    tables = dict(simulate.world(arguments.accounts, 30, random_state=1))
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "report.html"
        shown = []
        seconds = side_by_side(
            {
                "score": lambda: predict.score(Dataset(**tables)),
                "report": lambda: shown.append(report.write(Dataset(**tables), page)),
            },
            rounds=_ROUNDS,
        )
        rows = [
            [
                f"a report of {shown[-1]:,} flagged accounts ({seconds['report']:.1f} s) beside predict.score of all "
                f"{arguments.accounts:,} ({seconds['score']:.1f} s), medians of {_ROUNDS}",
                f"{seconds['report'] / seconds['score']:.2f} x",
                "<= 2 x",
            ],
            ["size of the page", f"{page.stat().st_size / 1e6:.1f} MB", "<= 15 MB"],
        ]
        rows += [[f"the page: {MISSING}", "not measured", ""]] if MISSING else in_a_browser(page)
    print(f"{len(tables['messages']):,} messages of {arguments.accounts:,} simulated accounts\n")
    print(markdown(["measure", "figure", "bar"], rows))


if __name__ == "__main__":
    main()
