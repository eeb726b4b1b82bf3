"""Axe-core in the tests' browser: what is wrong with a page for people who do not see it, or not well.

It is fetched by npm when it is asked for, into a folder that goes again, and is never a part of the project.
"""

from __future__ import annotations

import shutil
import subprocess
import tarfile
import tempfile
from functools import cache
from pathlib import Path

import pytest

from tests.report.browser import Browser

VERSION = "4.10.3"


@cache
def source() -> str:
    """Return its script; skips the test that asks where there is no npm, or no network."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed")
    with tempfile.TemporaryDirectory() as folder:
        fetch = [
            npm,
            "pack",
            f"axe-core@{VERSION}",
            "--silent",
            "--ignore-scripts",
            "--cache",
            f"{folder}/cache",
        ]
        try:
            done = subprocess.run(fetch, cwd=folder, capture_output=True, timeout=120)
        except subprocess.TimeoutExpired:
            pytest.skip("axe-core cannot be fetched: the network does not answer")
        packed = list(Path(folder).glob("*.tgz"))
        if done.returncode or not packed:
            pytest.skip("axe-core cannot be fetched: no network, or no registry")
        with tarfile.open(packed[0]) as archive:
            script = archive.extractfile("package/axe.min.js")
            assert script is not None
            return script.read().decode()


def grave(window: Browser) -> list[str]:
    """Return the serious and critical findings on the page that is open."""
    window.run(f"{source()}; window.axe ??= axe; window.found = null")
    window.run(
        "axe.run(document).then((told) => { window.found = told; }, (e) => { window.found = {failed: `${e}`}; })"
    )
    window.until("window.found")
    told = window.run(
        """return {failed: window.found.failed, passes: window.found.passes?.length, grave: window.found.violations
        ?.filter((each) => ["serious", "critical"].includes(each.impact))
        .map((each) => `${each.id}: ${each.nodes.map((node) => node.html).slice(0, 3).join(" ")}`)}"""
    )
    assert not told["failed"], told["failed"]
    assert told["passes"] > 10
    return list(told["grave"])
