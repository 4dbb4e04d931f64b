"""Reasons in words: put into German by their ids, whatever they quote, and old ones by how they read."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from syndication.content.reason import NO_REASON, Reason
from syndication.infra.reasons import translated_error, translated_reason

PACKAGE = Path(__file__).parents[2] / "syndication"
PEOPLE_READ = [
    "channels/**/*.py",
    "delivery/*.py",
    "infra/http.py",
    "infra/smtp.py",
    "infra/images.py",
    "infra/confined/*.py",
]
#: Sentences for callers of the API and for readers of posts, not reasons.
_ELSEWHERE = {"trial_post.py", "replay.py", "retry.py", "dry_run.py"}
#: Whose sentence is an id: the call, and the place of the argument.
_MAKES = {"Reason": 0, "Rule": 3, "Row": 2, "_Refused": 0}
#: Whose first argument is a sentence; where it is a mere text, nobody can translate it.
_TAKES = {"TryLater", "Refused", "Gone", "Unconfirmed", "Failure", "MailFailure", "NoPicture"}
_TEXTS = {"_", "say", "gettext", "ngettext", "ValueError"}


def called(node: ast.AST) -> str:
    """The name of what is called."""
    func = getattr(node, "func", None)
    return str(getattr(func, "id", getattr(func, "attr", "")))


def mere_texts(tree: ast.AST) -> Iterator[str]:
    """Sentences of a module that are no id of a reason, nor marked as another text; and f-strings that begin as one."""
    passed: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and isinstance(
            node.body[0], ast.Expr
        ):
            passed.add(id(node.body[0].value))
        elif isinstance(node, ast.keyword) and node.arg == "description":
            passed |= {id(one) for one in ast.walk(node.value)}
        elif isinstance(node, ast.Call) and called(node) in _TEXTS:
            passed |= {id(one) for one in node.args}
        elif isinstance(node, ast.Call) and called(node) in _MAKES and len(node.args) > _MAKES[called(node)]:
            made = node.args[_MAKES[called(node)]]
            passed |= set() if isinstance(made, ast.JoinedStr) else {id(made)}
        elif isinstance(node, ast.JoinedStr):
            passed |= {id(one) for one in node.values}
    for node in ast.walk(tree):
        taken = node.args[0] if isinstance(node, ast.Call) and called(node) in _TAKES and node.args else None
        text = _text(node)
        if (isinstance(taken, ast.Constant) and taken.value) or isinstance(taken, ast.JoinedStr):
            yield _text(taken)
        elif id(node) not in passed and re.fullmatch(r"[A-Z].*[a-z]{3}.* .*(\.|: X)", text):
            yield text


def _text(node: ast.AST) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(str(one.value) if isinstance(one, ast.Constant) else "X" for one in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


@pytest.mark.parametrize(
    "path",
    sorted({path for pattern in PEOPLE_READ for path in PACKAGE.glob(pattern)}),
    ids=lambda path: path.name,
)
def test_every_sentence_about_a_delivery_has_an_id(path: Path) -> None:
    if path.name not in _ELSEWHERE:
        assert list(mere_texts(ast.parse(path.read_text(encoding="utf-8")))) == []


@pytest.mark.parametrize(
    "code",
    [
        'raise Refused("It says no.")',
        'raise Refused(f"{who} says no")',
        '_WHY = "The outlet says no."',
        'Receipt(remark=f"The outlet {name} keeps the picture.")',
        'Reason(f"The outlet {name} says no.")',
    ],
)
def test_a_mere_text_is_found(code: str) -> None:
    assert list(mere_texts(ast.parse(code)))


def test_every_reason_is_given_as_many_values_as_it_has_places() -> None:
    wrong = []
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and called(node) in ("Reason", "_Refused") and len(node.args) > 1:
                first = node.args[0]
                starred = any(isinstance(one, ast.Starred) for one in node.args)
                if isinstance(first, ast.Constant) and not starred:
                    places = str(first.value).count("{}")
                    if places != len(node.args) - 1:
                        wrong.append(f"{path.name}:{node.lineno} {first.value}")
    assert wrong == []


@pytest.mark.parametrize(
    ("reason", "german"),
    [
        (
            Reason("{} answered {}. It will be tried again.", "Mastodon", 503),
            "Mastodon hat mit 503 geantwortet. Es wird noch einmal versucht.",
        ),
        (
            Reason("{} answered {}. It will be tried again.", Reason("The address"), 503),
            "Die Adresse hat mit 503 geantwortet. Es wird noch einmal versucht.",
        ),
        (
            Reason("This address cannot be used: it {}.", Reason("does not name a host")),
            "Diese Adresse ist nicht brauchbar: Sie nennt keinen Server.",
        ),
        (
            Reason("The mail server refuses {} ({}): {}", Reason("the recipient"), 550, "Mailbox full."),
            "Der Mailserver nimmt den Empfänger nicht an (550): Mailbox full.",
        ),
        (NO_REASON, ""),
    ],
)
def test_a_reason_is_said_with_its_values(reason: Reason, german: str) -> None:
    assert translated_reason(reason, "de") == german
    assert translated_reason(Reason.read(reason.stored()), "de") == german
    assert translated_reason(reason, "en") == reason


def test_what_a_remote_says_is_never_taken_for_ours() -> None:
    """Not even where it is a sentence of ours, word for word, or the form in which reasons are stored."""
    ours = Reason("Shortened to what fits there.")
    for theirs in (str.__str__(ours), ours.stored(), "the recipient", "{}", "{0.__class__}", "%(city)s"):
        quoted = Reason("The mail server refuses {} ({}): {}", Reason("the mail"), 550, theirs)
        assert translated_reason(quoted, "de") == f"Der Mailserver nimmt die Mail nicht an (550): {theirs}"
        for text in (Reason.quoted(theirs), Reason.read(Reason.quoted(theirs).stored())):
            assert translated_reason(text, "de") == theirs


def test_an_error_is_said_in_the_language_of_whoever_reads_it() -> None:
    reason = Reason("Telegram says the picture is too large.")
    assert "zu groß" in translated_error(str(ValueError(reason)), "de")
    assert translated_error("String should have at most 20 characters", "de").startswith("String should")


# What earlier versions stored


@pytest.mark.parametrize(
    ("english", "german"),
    [
        ("The post no longer stands on Facebook: somebody deleted it there.", "Facebook"),
        ("Mastodon answered 503. It will be tried again.", "503"),
        ("The address answered 503. It will be tried again.", "Die Adresse"),
        ("This address cannot be used: it does not name a host.", "Sie nennt keinen Server"),
        (
            "The mail server refuses the recipient (550): Mailbox full.",
            "den Empfänger nicht an (550): Mailbox full.",
        ),
        ("Waits until 07:00: this account has quiet hours.", "07:00"),
    ],
)
def test_an_old_sentence_is_recognised(english: str, german: str) -> None:
    said = translated_reason(Reason.read(english), "de")
    assert german in said
    assert said.endswith(".")
    assert said != english
    assert "tried again" not in said
    assert "stands" not in said
    assert translated_reason(Reason.read(english), "en") == english


def old(text: str) -> str:
    """What stands in a table since before, in German."""
    return translated_reason(Reason.read(text), "de")


def test_old_sentences_are_said_one_after_the_other() -> None:
    one, two = "Telegram says the picture is too large.", "Shortened to what fits there."
    assert old(f"{one} {two}") == f"{old(one)} {old(two)}"
    unknown = "Their server said something odd."
    assert old(f"{one} {unknown} {two}") == f"{old(one)} {unknown} {old(two)}"
    assert old(f"{unknown} {one}") == f"{unknown} {old(one)}"
    assert old("") == ""
    assert old(unknown) == unknown


def test_an_old_sentence_full_of_braces_breaks_nothing() -> None:
    for odd in ("{} answered {0!r}. It will be tried again.", "{", "}", "%(city)s.", "a" * 5000, ". . . ."):
        assert old(odd)
