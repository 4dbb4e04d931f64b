"""A real Chromium that a test drives: pages, scripts and permissions over the DevTools protocol."""

import base64
import contextlib
import itertools
import json
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from websockets.sync.client import ClientConnection, connect

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--enable-logging=stderr",
]  # fmt: skip
#: Seconds within which a browser on a busy machine does anything.
PATIENCE = 30.0
T = TypeVar("T")


class Unanswered(Exception):
    """A command that the browser could not carry out, as when the page goes elsewhere in the middle of it."""


class Tab:
    """One page of a browser, or a worker behind one; its commands are those of the DevTools protocol."""

    _numbers = itertools.count(1)

    def __init__(self, socket: ClientConnection, session: str) -> None:
        self._socket, self._session = socket, session
        self.events: list[dict[str, Any]] = []

    def command(self, method: str, **params: Any) -> dict[str, Any]:
        """The answer to a command of this page, or of the browser for `Browser.…` and `Target.…`."""
        number = next(self._numbers)
        asked: dict[str, Any] = {"id": number, "method": method, "params": params}
        if self._session and not method.startswith(("Browser.", "Target.")):
            asked["sessionId"] = self._session
        self._socket.send(json.dumps(asked))
        deadline = time.monotonic() + PATIENCE
        while (said := json.loads(self._socket.recv(deadline - time.monotonic()))).get("id") != number:
            self.events.append(said)
        if "error" in said:
            raise Unanswered(f"{method}: {said['error']}")
        return said["result"]  # type: ignore[no-any-return]  # JSON

    def open(self, url: str) -> None:
        """Go to `url` and wait until it is loaded."""
        self.command("Page.navigate", url=url)
        here = f"document.readyState == 'complete' && location.href == {json.dumps(url)}"
        self.until(lambda: self.evaluate(here))

    def evaluate(self, script: str) -> Any:
        """The value of an expression in the page, awaited where it is a promise."""
        found = self.command(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True, userGesture=True
        )
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def click(self, selector: str) -> None:
        """Press a button as a person does, by where it stands."""
        place = self.evaluate(
            f"(() => {{ const one = document.querySelector({json.dumps(selector)}); one.scrollIntoView();"
            " const box = one.getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2] })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.command(
                "Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1], button="left", clickCount=1
            )

    def until(self, look: Callable[[], T]) -> T:
        """The first true value of `look`, which is asked again and again, also while the page changes."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            with contextlib.suppress(Unanswered):
                if found := look():
                    return found
            time.sleep(0.05)
        raise AssertionError(f"nothing came; the page says: {self.text()}")

    def text(self) -> str:
        """What a person reads on the page; nothing while the next one is on its way."""
        try:
            return str(self.evaluate("document.body?.innerText ?? ''"))
        except Unanswered:
            return ""

    def reads(self, words: str) -> None:
        """Wait until the page says it."""
        self.until(lambda: words in self.text())

    def heard(self, method: str) -> list[dict[str, Any]]:
        """What came with all events of that name since the page was opened."""
        self.evaluate("0")  # reads what has come in
        return [one["params"] for one in self.events if one.get("method") == method]

    def worker(self) -> "Tab":
        """The service worker that runs."""
        targets = self.command("Target.getTargets")["targetInfos"]
        (found,) = (one["targetId"] for one in targets if one["type"] == "service_worker")
        return self.attached(found)

    def attached(self, target: str) -> "Tab":
        """Another page or worker of the same browser."""
        session = self.command("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        return Tab(self._socket, session)

    def screenshot(self, path: Path, width: int, height: int) -> None:
        """The page as it looks at that size."""
        self.command(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        path.write_bytes(base64.b64decode(self.command("Page.captureScreenshot")["data"]))


@contextmanager
def browsing(folder: Path, language: str = "de") -> Iterator[Tab]:
    """An empty page of a browser of its own, until the block ends."""
    assert CHROMIUM is not None
    profile = folder / "driven"
    flags = [*FLAGS, f"--user-data-dir={profile}", f"--lang={language}", "--remote-debugging-port=0"]
    with (folder / "chromium.log").open("wb") as log:
        process = subprocess.Popen([CHROMIUM, *flags, "about:blank"], stdout=log, stderr=log)
    try:
        with connect(_address(process, profile / "DevToolsActivePort"), max_size=None) as socket:
            browser = Tab(socket, "")
            target = browser.command("Target.createTarget", url="about:blank")["targetId"]
            tab = browser.attached(target)
            for domain in ("Page", "Runtime", "ServiceWorker"):
                tab.command(f"{domain}.enable")
            yield tab
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _address(process: subprocess.Popen[bytes], file: Path) -> str:
    """Where the browser listens: it writes port and path into its profile."""
    deadline = time.monotonic() + PATIENCE
    while not file.exists() or "\n" not in file.read_text():
        assert process.poll() is None, "Chromium ended at once"
        assert time.monotonic() < deadline, "Chromium did not start"
        time.sleep(0.05)
    port, path = file.read_text().splitlines()[:2]
    return f"ws://127.0.0.1:{port}{path}"
