"""How a person uses a page in a real browser: by finger, by keyboard alone, or by mouse; what they see is named by its words."""

import json
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

from tests.chromium import Tab

_KEYS = {"Tab": (9, ""), "Enter": (13, "\r"), " ": (32, " "), "ArrowDown": (40, ""), "ArrowUp": (38, "")}
#: Finds what is called so, in the page before in its head: a button or link by its first line, a box by how its label begins.
_FIND = """(() => {
  const words = %s, said = (one) => (one.innerText || one.textContent).trim().split('\\n')[0].trim();
  const all = ['main ', ''].flatMap((part) => [...document.querySelectorAll(part + ':is(button, a, summary, label)')]);
  const seen = all.filter((one) => one.checkVisibility());
  const whole = (one) => one.textContent.trim().replace(/\\s+/g, ' ');  // with what only screen readers say
  const one = seen.find((one) => [said(one), whole(one)].includes(words))
    || seen.find((one) => one.matches('label') && said(one).startsWith(words));
  return %s })()"""
#: Before a page is painted, browsers let nothing be pressed.
_PLACE = """one && document.readyState == 'complete' && performance.getEntriesByType('paint').length
  && (one.scrollIntoView({block: 'center', behavior: 'instant'}),
    ((box) => [box.x + Math.min(box.width, 300) / 2, box.y + box.height / 2])(one.getBoundingClientRect()))"""
_PICK = """(() => { const list = document.activeElement, one = [...list.options].find((one) => one.text == %s);
  if (one) { list.value = one.value; list.dispatchEvent(new Event('change', {bubbles: true})) } return !!one })()"""
_HAS_FOCUS = "(one?.control ?? one) == document.activeElement"


class Hand(ABC):
    """Whoever sits before `tab`."""

    def __init__(self, tab: Tab) -> None:
        self.tab = tab
        tab.command("Emulation.setFocusEmulationEnabled", enabled=True)
        tab.command(
            "Emulation.setDeviceMetricsOverride", width=390, height=844, deviceScaleFactor=1, mobile=False
        )
        tab.command("Page.setInterceptFileChooserDialog", enabled=True)

    @abstractmethod
    def press(self, words: str) -> None:
        """Press a button, follow a link, choose an option."""

    @abstractmethod
    def reach(self, words: str) -> None:
        """Go into the box of a question."""

    def fill(self, question: str, text: str) -> None:
        """Type into the box of a question, over what stands there."""
        self.reach(question)
        self.tab.command("Input.dispatchKeyEvent", type="keyDown", key="a", commands=["selectAll"])
        self.tab.command("Input.dispatchKeyEvent", type="keyUp", key="a")
        self.tab.command("Input.insertText", text=text)

    def pick(self, question: str, option: str) -> None:
        """One of the options of a list; a device shows them in a window of its own, which no test can touch."""
        self.reach(question)
        assert self.tab.evaluate(_PICK % json.dumps(option)), option

    def choose(self, question: str, file: Path) -> None:
        """Choose a file in the window that opens."""
        before = len(self.tab.heard("Page.fileChooserOpened"))
        self.press(question)
        opened = self.tab.until(lambda: self.tab.heard("Page.fileChooserOpened")[before:])
        node = opened[0]["backendNodeId"]
        self.tab.command("DOM.setFileInputFiles", files=[str(file)], backendNodeId=node)

    def box(self, question: str) -> str:
        """What stands in the box of a question."""
        return str(self._found(question, "one?.control?.value ?? ''"))

    def _found(self, words: str, what: str) -> Any:
        return self.tab.evaluate(_FIND % (json.dumps(words), what))

    def _where(self, words: str, *, box: bool = False) -> tuple[float, float]:
        """Where to press; `box`: the box of a question, as beside its words browsers take the nearest."""
        seen: list[Any] = [None]
        place = _PLACE.replace("one.", "(one.control ?? one).") if box else _PLACE

        def stands_still() -> Any:
            seen.append(self._found(words, place))
            return seen[-1] == seen[-2] and seen[-1]

        across, down = self.tab.until(stands_still)
        return across, down

    def _key(self, key: str) -> None:
        code, text = _KEYS[key]
        for kind in ("keyDown", "keyUp"):
            more = {"text": text} if text and kind == "keyDown" else {}
            self.tab.command("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code, **more)


class Finger(Hand):
    """A thumb on a telephone."""

    def __init__(self, tab: Tab) -> None:
        super().__init__(tab)
        tab.command("Emulation.setTouchEmulationEnabled", enabled=True)

    def press(self, words: str) -> None:
        self._press(*self._where(words))

    def _press(self, across: float, down: float) -> None:
        self.tab.command(
            "Input.dispatchTouchEvent", type="touchStart", touchPoints=[{"x": across, "y": down}]
        )
        self.tab.command("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])

    def reach(self, words: str) -> None:
        self._press(*self._where(words, box=True))
        self.tab.until(lambda: self._found(words, _HAS_FOCUS))


class Mouse(Finger):
    """A mouse."""

    def _press(self, across: float, down: float) -> None:
        for kind in ("mousePressed", "mouseReleased"):
            self.tab.command(
                "Input.dispatchMouseEvent", type=kind, x=across, y=down, button="left", clickCount=1
            )


class Keys(Hand):
    """No pointer at all: Tab, arrows, Enter and the space bar."""

    def reach(self, words: str) -> None:
        self._where(words)  # it is there by now
        for _ in range(120):
            if self._found(words, _HAS_FOCUS):
                return
            self._key("Tab")
        raise AssertionError(f"the Tab key does not reach “{words}”")

    def press(self, words: str) -> None:
        self.reach(words)
        kind = self.tab.evaluate("document.activeElement.type ?? ''")
        self._key(" " if kind in ("checkbox", "file") else "Enter")
