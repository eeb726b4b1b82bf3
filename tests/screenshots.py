"""Take the pictures of the README from the sample's report: ``python -m tests.screenshots``, by the tests' browser."""

from __future__ import annotations

import tempfile
from pathlib import Path

from spamclf import read_dataset, report
from tests.doors import ROOT
from tests.report.browser import browser

IMAGES = ROOT / "docs" / "images"


def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, browser((1500, 1100)) as window:
        page = Path(folder) / "report.html"
        report.write(read_dataset(ROOT / "data" / "sample"), page)
        window.open(page)
        window.screenshot(IMAGES / "report.png")
        window.run("document.querySelector('tbody a').click()")
        window.until('!document.querySelector("#case").hidden')
        window.screenshot(IMAGES / "case.png")


if __name__ == "__main__":
    main()
