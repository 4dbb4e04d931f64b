"""Reasons: sentences kept as ids with arguments, so that they can be put into the language of whoever reads them."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from pydantic_core import core_schema

from syndication.content.characters import legible

#: Longest argument, and longest text that is not ours (characters): some hold what a remote said.
_LONGEST_ARGUMENT: Final = 300
_LONGEST_QUOTED: Final = 2_000
_PLACE: Final = "{}"
#: Says one id in another language; what it does not know stays as it is.
Translate = Callable[[str], str]


@dataclass(frozen=True)
class Sentence:
    """One sentence of ours: its id is its English text, with {} for each argument."""

    id: str
    arguments: tuple[str, ...] = ()

    def text(self, translate: Translate) -> str:
        """The sentence by `translate`. An argument stays as it is, unless it is a Reason."""
        if not self.arguments:
            return translate(self.id)
        # Not str.format: an id may come from a table, where it is but text.
        first, *others = translate(self.id).split(_PLACE)
        arguments = [
            one.text(translate) if isinstance(one, Reason) else one for one in self.arguments[: len(others)]
        ]
        arguments += [""] * (len(others) - len(arguments))
        return first + "".join(argument + rest for argument, rest in zip(arguments, others, strict=True))


class Reason(str):
    """Why something is as it is: a text in English that knows of which sentences it is made.

    `Reason("{} answered {}. It will be tried again.", name, status)`; the first text is written in the code and
    translated, arguments are anybody's words and shown as they are, save those that are Reasons themselves, such as
    `Reason("the recipient")`.
    """

    #: Sentences, and texts that are not ours; None for what was stored in English before sentences had ids.
    parts: "tuple[Sentence | str, ...] | None"

    def __new__(cls, text: str = "", *arguments: object) -> "Reason":
        """`text` with each {} filled in; a Reason without arguments stays what it is."""
        if isinstance(text, Reason) and not arguments:
            return text
        kept = tuple(one if isinstance(one, Reason) else _fit(one) for one in arguments)
        return _made((Sentence(str.__str__(text), kept),) if text else ())

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: Any) -> core_schema.CoreSchema:
        """In a record it stays what it is."""
        return core_schema.no_info_plain_validator_function(cls.quoted)

    def __str__(self) -> str:
        return self  # so that str(error) is still the Reason which the error was made of

    @classmethod
    def quoted(cls, text: str) -> "Reason":
        """A text that is not ours, such as a remote's own words; a Reason stays what it is."""
        if isinstance(text, Reason):
            return text
        return _made((fit,) if (fit := _fit(text, _LONGEST_QUOTED)) else ())

    @classmethod
    def joined(cls, *reasons: str) -> "Reason":
        """Several one after the other; those that are empty are passed over, and a mere text counts as quoted."""
        found = [one for one in map(cls.quoted, reasons) if one]
        return _made(tuple(part for one in found for part in (one.parts or (str.__str__(one),))))

    @classmethod
    def read(cls, stored: str) -> "Reason":
        """What `stored` wrote. A sentence stored in English, as earlier versions did, has no parts."""
        if not stored.startswith("["):
            return _made(None if stored else (), stored)
        try:
            return _read(json.loads(stored))
        except (ValueError, TypeError, RecursionError):
            return _made(None, stored)

    def stored(self) -> str:
        """The form a table keeps: JSON, a list of texts and of objects with `id` and, where it has any, `with`."""
        if self.parts is None or not self:
            return str.__str__(self)
        return json.dumps(list(_written(self)), ensure_ascii=False, separators=(",", ":"))

    def text(self, translate: Translate) -> str:
        """The whole by `translate`; empty for none."""
        if self.parts is None:
            return str.__str__(self)
        return " ".join(one.text(translate) if isinstance(one, Sentence) else one for one in self.parts)

    def changed(self, change: Callable[[str], str]) -> "Reason":
        """The same reason, with `change` made to all that is not ours to say: quoted texts and arguments."""
        if self.parts is None:
            return _made(None, change(str.__str__(self)))
        return _made(
            tuple(
                Sentence(one.id, tuple(map(_changer(change), one.arguments)))
                if isinstance(one, Sentence)
                else change(one)
                for one in self.parts
            )
        )


def _changer(change: Callable[[str], str]) -> Callable[[str], str]:
    return lambda one: one.changed(change) if isinstance(one, Reason) else change(one)


def _fit(text: object, most: int = _LONGEST_ARGUMENT) -> str:
    """Anybody's text as every table takes it, cut where it is too long."""
    fit = legible(str(text))
    return fit[:most]  # without a sign of it: whoever hides secrets looks for the beginning of one at the end


def _made(parts: "tuple[Sentence | str, ...] | None", english: str = "") -> Reason:
    text = english if parts is None else " ".join(_english(part) for part in parts)
    reason = str.__new__(Reason, text)
    reason.parts = parts
    return reason


def _english(part: Sentence | str) -> str:
    return part.text(lambda id_: id_) if isinstance(part, Sentence) else part


def _written(reason: Reason) -> Iterator[Any]:
    for part in reason.parts or ():
        if not isinstance(part, Sentence):
            yield part
        elif not part.arguments:
            yield {"id": part.id}
        else:
            arguments = [
                (list(_written(one)) if one.parts is not None else [str.__str__(one)])
                if isinstance(one, Reason)
                else one
                for one in part.arguments
            ]
            yield {"id": part.id, "with": arguments}


def _read(found: Any) -> Reason:
    if not isinstance(found, list):
        raise TypeError(found)
    return _made(tuple(_part(one) for one in found))


def _part(found: Any) -> Sentence | str:
    if isinstance(found, str):
        return found
    if not isinstance(found, dict) or not isinstance(found.get("id"), str):
        raise TypeError(found)
    arguments = tuple(one if isinstance(one, str) else _read(one) for one in found.get("with", ()))
    return Sentence(found["id"], arguments)


#: Where nothing needs to be said.
NO_REASON: Final = Reason()
