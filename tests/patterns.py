"""Every regular expression of the code, found by walking it, and the texts that would cost each of them the most."""

import ast
import contextlib
import importlib
import io
import re
import re._constants as sre  # type: ignore[import-not-found]  # the standard library's parser of patterns has no types
import re._parser as sre_parser  # type: ignore[import-not-found]  # as above
import time
import tokenize
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

import regex
from pydantic import Field, TypeAdapter, ValidationError

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "syndication"
#: Ways to use a pattern, and where the pattern stands among the arguments of `re.` and `regex.`.
METHODS = ("search", "match", "fullmatch", "split", "findall", "finditer", "sub", "subn")
#: Beside a pattern whose subject was measured before: `# at most 300 characters: …`.
_CAP = re.compile(r"at most ([\d_,]+) characters")


@dataclass(frozen=True)
class Pattern:
    """A regular expression where it stands, how it is used, and how long its subject can be at most (None: not known)."""

    place: str
    text: str | bytes
    method: str
    flags: int = 0
    library: str = "re"
    cap: int | None = None

    @cached_property
    def run(self) -> Callable[[str], Any]:
        """Uses the pattern on a subject as the code does."""
        if self.library == "pydantic":
            adapter = TypeAdapter(Annotated[str, Field(pattern=str(self.text))])
            return lambda subject: _validated(adapter, subject)
        made: Any = (regex if self.library == "regex" else re).compile(self.text, self.flags)
        use = getattr(made, self.method)
        encoded: Callable[[str], Any] = (lambda one: one.encode()) if isinstance(self.text, bytes) else str
        if self.method in ("sub", "subn"):
            return lambda subject: use(encoded(""), encoded(subject))
        if self.method == "finditer":
            return lambda subject: sum(1 for _ in use(encoded(subject)))
        return lambda subject: use(encoded(subject))


def _validated(adapter: TypeAdapter[str], subject: str) -> None:
    with contextlib.suppress(ValidationError):
        adapter.validate_python(subject)


# Finding them


def found(folder: Path = PACKAGE) -> list[Pattern]:
    """Every pattern of the package: calls of `re` and `regex`, constants with their uses, and `pattern=` of pydantic."""
    files = [one for one in sorted(folder.rglob("*.py")) if "versions" not in one.parts]
    return [one for path in files for one in in_source(path.read_text(encoding="utf-8"), path)]


def in_source(source: str, path: Path) -> Iterator[Pattern]:
    """The patterns of one module."""
    tree = ast.parse(source)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    if not any(map(_pattern_of, calls)):
        return
    names = vars(importlib.import_module(_module(path))) if path.is_relative_to(ROOT) else {}
    comments = _comments(source)
    named = {
        id(node.value): target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for call in calls:
        given = _pattern_of(call)
        if given is None:
            continue
        library, used, argument = given
        text, place = (
            _value(argument, names),
            f"{path.relative_to(ROOT) if path.is_relative_to(ROOT) else path}:{call.lineno}",
        )
        if text is None:
            yield Pattern(place, "", "unknown", library=library)
            continue
        flags = next((_value(one.value, names) for one in call.keywords if one.arg == "flags"), None)
        if flags is None and used == "compile" and len(call.args) > 1:
            flags = _value(call.args[1], names)
        lines = [*range(call.lineno, (call.end_lineno or 0) + 1), -call.lineno + 1]
        cap = next((comments[line] for line in lines if line in comments), None)
        for method in _uses(used, named.get(id(call), ""), calls):
            yield Pattern(place, text, method, int(flags or 0), library, cap)


def _module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def _pattern_of(call: ast.Call) -> tuple[str, str, ast.expr] | None:
    """Library, method and the expression of the pattern, where a call has one."""
    function = call.func
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name) and call.args:
        library, used = function.value.id, function.attr
        if library in ("re", "regex") and used in (*METHODS, "compile"):
            return library, used, call.args[0]
    keyword = next((one.value for one in call.keywords if one.arg == "pattern"), None)
    return ("pydantic", "search", keyword) if keyword is not None else None


def _value(expression: ast.expr, names: dict[str, Any]) -> Any:
    """What an expression of our own code gives in its module; None where only a run of its function knows."""
    try:
        return eval(
            compile(ast.Expression(expression), "pattern", "eval"), {"re": re, "regex": regex, **names}
        )
    except Exception:  # a local name, say
        return None


def _uses(used: str, name: str, calls: list[ast.Call]) -> list[str]:
    """How a compiled pattern is used in its module; how it might be where nothing is seen of it."""
    if used != "compile":
        return [used]
    methods = {
        call.func.attr
        for call in calls
        if isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id == name
        and call.func.attr in METHODS
    }
    return sorted(methods) or ["search", "fullmatch"]


def _comments(source: str) -> dict[int, int]:
    """Line → the length that a comment there declares; minus the line where nothing else stands on it."""
    found = {}
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT and (said := _CAP.search(token.string)):
            alone = not token.line[: token.start[1]].strip()
            found[-token.start[0] if alone else token.start[0]] = int(re.sub("[_,]", "", said[1]))
    return found


# What costs them the most

#: Parts that are repeated together, at most.
_WINDOW = 8
#: Which member of a class of characters is taken: what stands elsewhere in the pattern first, then these.
_PREFERENCES = ("", " a0", "a0 ", "0 a", "äßж", "-._/:")
_ENDS = ("", "\x00", "!", "\n", "\n\n")
#: Letters that the pattern's own parts do not tell of; what makes graphemes long.
_ALSO = ("a", " ", "\n", "0", "=", "<", "[", "(", "*", "ä", "\u0301", "\u200d", "🇩", "👩\u200d")


@dataclass(frozen=True)
class Shape:
    """A family of texts: pieces that stand once, and pieces that are repeated as often as the length asks for."""

    pieces: tuple[tuple[str, bool], ...]

    def of(self, length: int) -> str:
        """The text of about that length."""
        repeated = [text for text, again in self.pieces if again]
        share = length // len(repeated)
        return "".join(text * (share // len(text) + 1) if again else text for text, again in self.pieces)


def shapes(pattern: Pattern) -> list[Shape]:
    """What may cost the pattern the most, made of its own parts: repeated, behind what leads up to them, cut short."""
    made: dict[Shape, None] = {}

    def add(*pieces: tuple[str, bool]) -> None:
        for closing in _ENDS:
            made[Shape((*pieces, (closing, False)))] = None

    for atoms in _variants(pattern):
        for start in range(len(atoms)):
            head = "".join(atoms[:start])
            for end in range(start + 1, min(start + _WINDOW, len(atoms)) + 1):
                add((head, False), ("".join(atoms[start:end]), True))
                if end < len(atoms):
                    add((head, False), ("".join(atoms[start:end]), True), (atoms[end], True))
        if len(atoms) <= _WINDOW:
            add(*((atom, True) for atom in atoms))
    for one in _ALSO:
        add((one, True))
    return list(made)


def _variants(pattern: Pattern) -> Iterator[list[str]]:
    """Texts that the pattern matches, in their parts: with other letters, other branches, with and without what may lack."""
    text = pattern.text.decode("latin-1") if isinstance(pattern.text, bytes) else pattern.text
    # What only `regex` knows is said in words of `re`.
    text = re.sub(r"\\p\{[^}]*\}", "\u0301\u200d", text.replace(r"\X", "(?s:.)"))
    tree = sre_parser.parse(text, pattern.flags & 0xFF)
    wanted = "".join(chr(value) for kind, value in _flat(tree) if kind is sre.LITERAL)
    seen: set[tuple[str, ...]] = set()
    for number, preference in enumerate(_PREFERENCES):
        for most in (0, 1):
            atoms = _merged(list(_atoms(tree, preference or wanted, number, most)))
            if atoms and tuple(atoms) not in seen:
                seen.add(tuple(atoms))
                yield atoms


def _flat(tree: Any) -> Iterator[tuple[Any, Any]]:
    for kind, value in tree:
        yield kind, value
        for inner in _inside(kind, value):
            yield from _flat(inner)


def _inside(kind: Any, value: Any) -> list[Any]:
    if kind in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT):
        return [value[2]]
    if kind is sre.SUBPATTERN:
        return [value[3]]
    if kind is sre.ATOMIC_GROUP:
        return [value]
    if kind is sre.BRANCH:
        return list(value[1])
    return [value[1]] if kind in (sre.ASSERT, sre.ASSERT_NOT) else []


def _atoms(tree: Any, wanted: str, number: int, least: int) -> Iterator[tuple[bool, str]]:
    """One text that the pattern matches, in its parts: whether each is a literal, and its characters."""
    for kind, value in tree:
        if kind is sre.LITERAL:
            yield True, chr(value)
        elif kind is sre.NOT_LITERAL:
            yield False, next(c for c in wanted + "ab" if ord(c) != value)
        elif kind is sre.ANY:
            yield False, (wanted + "a")[0]
        elif kind is sre.IN:
            yield False, _member(value, wanted)
        elif kind is sre.BRANCH:
            yield from _atoms(value[1][number % len(value[1])], wanted, number, least)
        elif kind not in (sre.ASSERT, sre.ASSERT_NOT):
            parts = [one for inner in _inside(kind, value) for one in _atoms(inner, wanted, number, least)]
            if kind not in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT):
                yield from parts
            elif value[0] > 4:  # so many that they are one thing
                yield False, "".join(text for _, text in parts) * value[0]
            else:  # what is repeated is no part of what stands beside it
                yield from [(False, text) for text in _merged(parts)] * max(least, value[0])


def _merged(parts: list[tuple[bool, str]]) -> list[str]:
    """Literals that stand beside each other are one part."""
    merged: list[list[Any]] = []
    for literal, text in parts:
        if literal and merged and merged[-1][0]:
            merged[-1][1] += text
        else:
            merged.append([literal, text])
    return [text for _, text in merged]


def _member(members: Any, wanted: str) -> str:
    for c in wanted + "a0 -._/:<>\"'=#\nä\u00c3\u20ac":
        if _holds(members, c):
            return c
    first = next((value for kind, value in members if kind in (sre.LITERAL, sre.RANGE)), 97)
    return chr(first if isinstance(first, int) else first[0])


def _holds(members: Any, c: str) -> bool:
    inside = False
    for kind, value in members:
        if kind is sre.LITERAL:
            inside |= ord(c) == value
        elif kind is sre.RANGE:
            inside |= value[0] <= ord(c) <= value[1]
        elif kind is sre.CATEGORY:
            inside |= re.match(_CATEGORIES[value], c) is not None
    return inside != any(kind is sre.NEGATE for kind, _ in members)


_CATEGORIES = {
    sre.CATEGORY_DIGIT: r"\d", sre.CATEGORY_NOT_DIGIT: r"\D", sre.CATEGORY_SPACE: r"\s", sre.CATEGORY_NOT_SPACE: r"\S",
    sre.CATEGORY_WORD: r"\w", sre.CATEGORY_NOT_WORD: r"\W",
}  # fmt: skip


# Measuring


#: Seconds that need no second try.
_SURE = 0.1


def cost(work: Callable[[str], Any], subject: str, tries: int = 1) -> float:
    """Seconds of processor time that `work` takes with `subject`, the least of some tries."""
    best = float("inf")
    for _ in range(tries):
        if _SURE < best < float("inf"):  # no accident makes so much
            break
        started = time.process_time()
        work(subject)
        best = min(best, time.process_time() - started)
    return best
