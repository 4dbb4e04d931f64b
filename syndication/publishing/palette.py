"""The colours of a look as pages and mails use them: corrected where nobody could read them, each for light and for dark."""

import hashlib
from dataclasses import dataclass
from typing import Final, Literal

from syndication.content.contrast import ENOUGH as ENOUGH  # noqa: PLC0414 -- pages say it
from syndication.content.contrast import least, mixed, ratio, readable
from syndication.publishing.look import Look

Scheme = Literal["light", "dark"]
#: What text stands on: `--paper`, `--card` and `--sunk` of the stylesheet.
GROUNDS: Final[dict[Scheme, tuple[str, ...]]] = {
    "light": ("#fbf9f5", "#ffffff", "#f3efe7"),
    "dark": ("#16181b", "#1f2226", "#282c31"),
}
_TOWARDS: Final[dict[Scheme, str]] = {"light": "#000000", "dark": "#ffffff"}
_ON: Final[dict[Scheme, str]] = {"light": "#ffffff", "dark": "#111111"}
#: How much of the colour is in what lies pale behind it, and how far it deepens under the pointer.
_PALE: Final[dict[Scheme, float]] = {"light": 0.1, "dark": 0.2}
_DEEP = 0.2
#: As the stylesheet has them, and mails.
BRAND, LINK, MAIL_BRAND = "#a63a25", "#0b5d8a", "#b3402a"


@dataclass(frozen=True)
class Judged:
    """A colour that was chosen, in one scheme: how well it reads, and what is shown in its place and reads well."""

    which: Literal["brand", "link"]
    scheme: Scheme
    chosen: str
    contrast: float
    shown: str
    shown_contrast: float


def judged(look: Look) -> list[Judged]:
    """Both colours in both schemes."""
    found = []
    for which, chosen in (("brand", look.brand or BRAND), ("link", look.link or LINK)):
        for scheme in GROUNDS:
            shown = _shown(chosen, scheme)
            found.append(
                Judged(
                    "brand" if which == "brand" else "link", scheme, chosen,
                    least(chosen, *GROUNDS[scheme]), shown, least(shown, *GROUNDS[scheme]),
                )
            )  # fmt: skip
    return found


def of_mails(look: Look) -> tuple[str, str]:
    """The city's colour and that of links in mails, which are light."""
    brand = _shown(look.brand, "light") if look.brand else MAIL_BRAND
    return brand, _shown(look.link, "light") if look.link else LINK


def stylesheet(look: Look) -> str:
    """The tokens that differ from the stylesheet of all; empty where none does."""
    light, dark = _tokens(look, "light"), _tokens(look, "dark")
    if not light:
        return ""
    wide = f":root {{ {light} }}\n@media (prefers-color-scheme: dark) {{\n  :root {{ {dark} }}\n}}\n"
    return wide + "@media print { :root { --brand: #000; --link: #000; } }\n"


def address(look: Look) -> str:
    """Where the stylesheet of a look is: its address changes with what it says. Empty where there is none."""
    text = stylesheet(look)
    return f"/look-{digest(text)}.css" if text else ""


def digest(text: str) -> str:
    """What names a stylesheet."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _tokens(look: Look, scheme: Scheme) -> str:
    said = {}
    if look.brand:
        brand = _shown(look.brand, scheme)
        said = {
            "brand": brand,
            "brand-deep": mixed(brand, _TOWARDS[scheme], _DEEP),
            "brand-pale": _pale(brand, scheme),
            "on-brand": _ON[scheme],
        }
    if look.link:
        said["link"] = _shown(look.link, scheme)
    return " ".join(f"--{name}: {colour};" for name, colour in said.items())


def _pale(colour: str, scheme: Scheme) -> str:
    return mixed(GROUNDS[scheme][1], colour, _PALE[scheme])


def _shown(colour: str, scheme: Scheme) -> str:
    """The colour, or the nearest that reads on every ground, on what lies pale behind it, and under what stands on it."""

    def reads(one: str) -> bool:
        enough = least(one, *GROUNDS[scheme], _pale(one, scheme)) >= ENOUGH
        return enough and ratio(one, _ON[scheme]) >= ENOUGH

    return readable(colour, _TOWARDS[scheme], reads)
