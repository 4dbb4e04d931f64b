"""Posts from plain data: each says of which kind it is, and is refused in words where it does not fit."""

from collections.abc import Collection, Mapping
from typing import Annotated, Any, NoReturn, Union, cast

from pydantic import (
    AfterValidator,
    Discriminator,
    Field,
    GetCoreSchemaHandler,
    ValidationError,
    ValidationInfo,
    WithJsonSchema,
    create_model,
)
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError, core_schema

from syndication.content.base import KEPT, unique
from syndication.content.bounds import Few
from syndication.content.faults import faults_of, in_words
from syndication.content.interest import Interest
from syndication.content.post import Content, Draft
from syndication.content.reason import Reason
from syndication.content.topics import Topic
from syndication.errors import Invalid
from syndication.kinds import KINDS, NAMES, TOLD, Kind, missing
from syndication.kinds.missing import MissingContent

_CHOICE = ", ".join(NAMES)


def _draft_of(kind: Kind[Any]) -> type[Draft]:
    """The class of a kind's drafts: its contents, and what is to happen with them."""
    if kind.draft is not None:
        return kind.draft
    name = kind.content.__name__.removesuffix("Content") + "Draft"
    made = cast(
        "type[Draft]", create_model(name, __base__=(kind.content, Draft), __doc__=kind.content.__doc__)
    )
    made.plain = kind.content
    return made


_CONTENTS: Mapping[str, type[Content]] = {kind.name: kind.content for kind in TOLD}
_DRAFTS: Mapping[str, type[Draft]] = {kind.name: _draft_of(kind) for kind in KINDS}


class _OneOf:
    """An annotation: the class that `kind` names reads the rest, and faults are named as if there were no other."""

    def __init__(self, shared: type[Content], classes: Mapping[str, type[Content]]) -> None:
        self.shared = shared
        self.classes = classes
        self._fields = {name for one in classes.values() for name in one.model_fields}

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        one_of: Any = Union[tuple(self.classes.values())]  # noqa: UP007 -- known at run time
        choice: Any = Annotated[one_of, Discriminator("kind")]
        return core_schema.with_info_wrap_validator_function(self._validated, handler.generate_schema(choice))

    def _validated(self, given: Any, _: Any, info: ValidationInfo) -> Content:
        return self.read(given, info.context)

    def read(self, given: Any, context: Any = None) -> Content:
        """The value. Raises ValidationError."""
        if isinstance(given, Content) and isinstance(given, (*self.classes.values(), MissingContent)):
            return given
        if not isinstance(given, Mapping):
            raise ValidationError.from_exception_data(
                "post", [_fault("post", Reason("must be an object with the fields of a post"), ())]
            )
        name = given.get("kind")
        found = self.classes.get(name) if isinstance(name, str) else None
        if found is None:
            _refuse_kind(given, self.shared)
        if foreign := (self._fields & set(given)) - set(found.model_fields):
            _refuse_fields(foreign, given["kind"])
        return found.model_validate(given, context=context)


def _refuse_kind(given: Mapping[str, Any], shared: type[Content]) -> NoReturn:
    """Says which kinds there are, and what is wrong with the fields that all of them have."""
    words = (
        Reason("must be one of {}", _CHOICE) if "kind" in given else Reason("is needed: one of {}", _CHOICE)
    )
    faults = [_fault("kind", words, ("kind",))]
    try:
        shared.model_validate(
            {name: given[name] for name in shared.model_fields if name in given} | {"kind": ""}
        )
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        faults += [_fault(one["type"], in_words(one), one["loc"]) for one in found]
    raise ValidationError.from_exception_data("post", faults)


def _refuse_fields(names: Collection[str], kind: str) -> NoReturn:
    words = Reason("does not go with kind {}", kind)
    raise ValidationError.from_exception_data(
        "post", [_fault("foreign", words, (name,)) for name in sorted(names)]
    )


def _fault(name: Any, words: str, where: tuple[int | str, ...]) -> InitErrorDetails:
    return {"type": PydanticCustomError(name, "{words}", {"words": words}), "loc": where, "input": None}


_contents, _drafts = _OneOf(Content, _CONTENTS), _OneOf(Draft, _DRAFTS)

#: What OpenAPI calls the drafts of each kind.
DRAFT_NAMES = tuple(one.__name__ for one in _DRAFTS.values())
#: A content of any kind, and a draft of any kind, as fields and bodies of the API.
AnyContent = Annotated[Content, _contents]
AnyDraft = Annotated[Draft, _drafts]


def _known(name: str, info: ValidationInfo) -> str:
    if name not in NAMES and info.context != KEPT:
        raise ValueError(Reason("must be one of {}", _CHOICE))
    return name


#: The name of a kind, as somebody asks for it.
KindName = Annotated[
    str,
    AfterValidator(_known),
    Field(max_length=20),
    WithJsonSchema({"type": "string", "enum": list(NAMES)}),
]


def draft(fields: Any) -> Draft:
    """A Draft from plain data (JSON types). Raises Invalid with one Fault for each thing that is wrong."""
    try:
        made = _drafts.read(fields)
    except ValidationError as error:
        raise Invalid(*faults_of(error)) from error
    assert isinstance(made, Draft)
    return made


def fields_of(kind: str) -> frozenset[str]:
    """What a draft of a kind may say; none for a kind that is not installed."""
    return frozenset(_DRAFTS[kind].model_fields) if kind in _DRAFTS else frozenset()


def made(**fields: Any) -> Content:
    """A content from fields as Python has them. Raises ValidationError."""
    return _contents.read(fields)


def kept(data: Any) -> Content:
    """A content as it was kept, from its JSON. What is refused today may have been accepted once, and stays readable.

    Of a kind that is not installed any more only what all posts share is read.
    """
    data = dict(data)
    spellings = data.pop("spellings", {})
    data["topics"] = [Topic(slug, spellings.get(slug, "")) for slug in data.get("topics", ())]
    if data.get("kind") not in _CONTENTS:
        return missing.content(data, KEPT)
    return _contents.read(data, KEPT)


def kept_draft(data: Any) -> Draft:
    """A draft as it was kept, from its `document()`; it was judged when it was read, and is not judged anew."""
    data = dict(data)
    spellings = data.pop("spellings", {})
    data["topics"] = [Topic(slug, spellings.get(slug, "")) for slug in data.get("topics", ())]
    made = _drafts.read(data, KEPT)
    assert isinstance(made, Draft)
    return made


class WantedInterest(Interest):
    """Which posts somebody wants, as they ask for it: of kinds that there are."""

    kinds: Annotated[tuple[KindName, ...], Few(20), AfterValidator(unique)] = ()
