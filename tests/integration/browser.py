"""A real browser without a screen, told what to do over a pipe: no driver, no port, and no network for its pages."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.host import PROJECT

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--remote-debugging-pipe",
)  # fmt: skip
# What it reads orders from, and where it answers.
ORDERS, ANSWERS = 3, 4


class Browser:
    """One page of a browser; C(complaints) are its errors on the console, exceptions and requests to others."""

    def __init__(self, process: subprocess.Popen, orders: int, answers: int) -> None:
        self.process, self.orders, self.answers = process, orders, os.fdopen(answers, "rb")
        self.number = 0
        self.complaints: list[str] = []
        self.events: list[str] = []
        target = self.order("Target.createTarget", {"url": "about:blank"})["targetId"]
        self.session = self.order("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.page(f"{domain}.enable")

    def order(self, method: str, params: dict, session: str = "") -> dict:
        self.number += 1
        message = {"id": self.number, "method": method, "params": params, **({"sessionId": session} if session else {})}
        os.write(self.orders, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.read()
            if answer.get("id") == self.number:
                assert "error" not in answer, answer
                return answer["result"]

    def page(self, method: str, **params) -> dict:
        return self.order(method, params, self.session)

    def read(self) -> dict:
        text = bytearray()
        while (byte := self.answers.read(1)) != b"\0":
            assert byte, "the browser ended"
            text += byte
        message = json.loads(text)
        self.note(message.get("method", ""), message.get("params", {}))
        return message

    def note(self, method: str, params: dict) -> None:
        self.events.append(method)
        if method == "Runtime.exceptionThrown" or (method == "Log.entryAdded" and params["entry"]["level"] == "error"):
            self.complaints.append(json.dumps(params))
        if method == "Runtime.consoleAPICalled" and params["type"] == "error":
            self.complaints.append(json.dumps(params))
        if method == "Network.requestWillBeSent" and not params["request"]["url"].startswith(
            ("file:", "about:", "data:")
        ):
            self.complaints.append(params["request"]["url"])

    def open(self, path: Path, width: int, theme: str) -> None:
        self.page(
            "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 600
        )
        self.page("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": theme}])
        self.events.clear()
        self.page("Page.navigate", url=path.as_uri())
        while "Page.loadEventFired" not in self.events:
            self.read()

    def ask(self, expression: str):
        """The value of an expression of JavaScript in the page."""
        found = self.page("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def picture(self, path: Path) -> None:
        """All of the page, as PNG."""
        shot = self.page("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(shot["data"]))


@contextmanager
def started(folder: Path) -> Iterator[Browser]:
    """FOLDER is for its profile."""
    program = subprocess.run([PROJECT / "lab/browser"], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    read_orders, orders = os.pipe()
    answers, write_answers = os.pipe()
    # Out of the way of the numbers that it expects.
    ends = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (read_orders, write_answers)]
    script = f'exec "$@" {ORDERS}<&{ends[0]} {ANSWERS}>&{ends[1]}'
    process = subprocess.Popen(
        ["bash", "-c", script, "browser", program, *FLAGS, f"--user-data-dir={folder}"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, pass_fds=ends,
    )  # fmt: skip
    for end in (read_orders, write_answers, *ends):
        os.close(end)
    try:
        yield Browser(process, orders, answers)
    finally:
        process.kill()
        process.wait()
