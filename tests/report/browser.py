"""A headless Chromium for tests, driven over the WebDriver protocol of its own driver: no package is needed."""

from __future__ import annotations

import base64
import json
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

DRIVER = shutil.which("chromedriver")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
MISSING = None if DRIVER and CHROMIUM else "chromium and chromedriver are not installed"
ENTER, ESCAPE, UP, DOWN = "\ue007", "\ue00c", "\ue013", "\ue015"


class Browser:
    """One window."""

    def __init__(self, port: int) -> None:
        self._base = f"http://127.0.0.1:{port}"

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self._base + path, data, {"Content-Type": "application/json"}, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise AssertionError(json.load(error)["value"]) from None

    def start(self, profile: str, size: tuple[int, int]) -> None:
        options = {
            "binary": CHROMIUM,
            "args": [
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                f"--user-data-dir={profile}",
                f"--window-size={size[0]},{size[1]}",
            ],
        }
        wanted = {
            "alwaysMatch": {
                "browserName": "chrome",
                "goog:chromeOptions": options,
                "goog:loggingPrefs": {"browser": "ALL"},
                "unhandledPromptBehavior": "ignore",
            }
        }
        self._base += f"/session/{self.call('POST', '/session', {'capabilities': wanted})['sessionId']}"

    def close(self) -> None:
        self.call("DELETE", "")

    def open(self, page: Path, fragment: str = "") -> None:
        self.call("POST", "/url", {"url": page.as_uri() + fragment})

    def run(self, script: str, *arguments: Any) -> Any:
        """Run the body of a function in the page and return what it returns."""
        return self.call("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def until(self, expression: str) -> None:
        """Wait until an expression is true in the page: what a key or a link does may come a moment later."""
        for _ in range(200):
            if self.run(f"return Boolean({expression})"):
                return
            time.sleep(0.02)
        raise AssertionError(f"never became true: {expression}")

    def keys(self, text: str) -> None:
        """Press keys, wherever the focus is."""
        strokes = [{"type": f"key{way}", "value": key} for key in text for way in ("Down", "Up")]
        self.call("POST", "/actions", {"actions": [{"type": "key", "id": "keys", "actions": strokes}]})

    def click(self, selector: str) -> None:
        element = self.call("POST", "/element", {"using": "css selector", "value": selector})
        (name,) = element.values()
        self.call("POST", f"/element/{name}/click", {})

    def texts(self, selector: str) -> list[str]:
        found = self.run(
            "return [...document.querySelectorAll(arguments[0])].map((each) => each.textContent)", selector
        )
        return list(found)

    def log(self) -> list[str]:
        """What the console said since it was last asked."""
        return [entry["message"] for entry in self.call("POST", "/se/log", {"type": "browser"})]

    def emulate(self, **features: str) -> None:
        """Emulate what a media query asks for, for instance a dark colour scheme."""
        each = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
        body = {"cmd": "Emulation.setEmulatedMedia", "params": {"features": each}}
        self.call("POST", "/goog/cdp/execute", body)

    def printed(self) -> bytes:
        """The page on paper, as PDF."""
        body = {"cmd": "Page.printToPDF", "params": {"printBackground": True}}
        return base64.b64decode(self.call("POST", "/goog/cdp/execute", body)["data"])

    def screenshot(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self.call("GET", "/screenshot")))


@contextmanager
def browser(size: tuple[int, int] = (1500, 1000)) -> Iterator[Browser]:
    """Start a driver and a window of its own, and end both."""
    assert DRIVER
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            [DRIVER, f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            window = Browser(port)
            for _ in range(200):
                with suppress(OSError):
                    if window.call("GET", "/status")["ready"]:
                        break
                time.sleep(0.05)
            window.start(profile, size)
            try:
                yield window
            finally:
                window.close()
        finally:
            process.terminate()
            process.wait(10)
