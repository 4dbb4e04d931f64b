"""What comes from outside is counted before it is looked at: in every model that a request, a file or the queue may fill."""

import time
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import pytest
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from syndication import channels
from syndication.config import Settings
from syndication.content import bounds
from syndication.content.base import Value
from syndication.content.bounds import MOST_FAULTS, Few, plain
from syndication.content.interest import Interest
from syndication.content.post import Content, Draft
from syndication.destinations.connecting import ConnectionRequest
from syndication.destinations.devices import DeviceRequest
from syndication.destinations.values import DestinationRequest
from syndication.errors import Invalid
from syndication.kinds.reading import draft
from syndication.publishing.merchants import Amendment, Application
from syndication.web.app import create_app
from syndication.web.site.choices import Choices

MANY = 240_000
#: Seconds of CPU for refusing a list of 240,000; it took 2 to 10.
MOST = 0.1
CONTAINERS = (list, tuple, set, frozenset, dict, Sequence, Mapping)


def parts(annotation: Any, metadata: Sequence[Any] = ()) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    """Every type within an annotation, with what is annotated to it."""
    if isinstance(annotation, typing.TypeAliasType) if hasattr(typing, "TypeAliasType") else False:
        annotation = annotation.__value__
    if typing.get_origin(annotation) is Annotated:
        inner, *more = typing.get_args(annotation)
        yield from parts(inner, (*metadata, *more))
        return
    yield annotation, tuple(metadata)
    union = typing.get_origin(annotation) in (typing.Union, types.UnionType)
    for one in typing.get_args(annotation):
        if one is not Ellipsis and not isinstance(one, str | int):
            # What is said of `X | None` is said of X.
            yield from parts(one, metadata if union else ())


def is_container(annotation: Any) -> bool:
    kind = typing.get_origin(annotation) or annotation
    return isinstance(kind, type) and issubclass(kind, CONTAINERS) and not issubclass(kind, str | bytes)


def unbounded(model: type[BaseModel], seen: set[type[BaseModel]]) -> Iterator[str]:
    """The fields of a model, and of models within, that hold a list or mapping without an end."""
    if model in seen:
        return
    seen.add(model)
    for name, info in model.model_fields.items():
        for annotation, metadata in parts(info.annotation, info.metadata):
            if is_container(annotation) and not any(isinstance(one, Few) for one in metadata):
                yield f"{model.__name__}.{name}"
            if isinstance(annotation, type) and issubclass(annotation, BaseModel):
                yield from unbounded(annotation, seen)


def request_models(settings: Settings) -> set[type[BaseModel]]:
    """Every model that a route reads from body, form or query."""
    found: set[type[BaseModel]] = set()
    for route in iter_route_contexts(create_app(settings).routes):
        dependant = getattr(route, "dependant", None)
        waiting = [dependant] if dependant else []
        while waiting:
            one = waiting.pop()
            waiting += one.dependencies
            for field in (*one.body_params, *one.query_params):
                found |= {
                    part
                    for part, _ in parts(field.field_info.annotation)
                    if isinstance(part, type) and issubclass(part, BaseModel)
                }
    return found


def test_every_list_that_comes_from_outside_has_an_end(settings: Settings) -> None:
    models = request_models(settings)
    assert {Draft, DestinationRequest, ConnectionRequest, DeviceRequest, Application} <= models
    models |= {channel.settings for channel in channels.CHANNELS} | {Choices, Content, Interest, Amendment}
    models |= {one.connector.asks for one in channels.CHANNELS if one.connector}
    seen: set[type[BaseModel]] = set()
    assert [fault for model in models for fault in unbounded(model, seen)] == []


def test_every_parameter_that_is_a_list_has_an_end(settings: Settings) -> None:
    loose, looked_at = [], 0
    for route in iter_route_contexts(create_app(settings).routes):
        dependant = getattr(route, "dependant", None)
        for field in (*dependant.query_params, *dependant.body_params) if dependant else ():
            info: FieldInfo = field.field_info
            looked_at += 1
            if is_container(info.annotation) and not any(isinstance(one, Few) for one in info.metadata):
                loose.append(f"{route.path} {field.name}")
    assert loose == []
    assert looked_at > 20


def test_a_list_without_an_end_is_found() -> None:
    class Loose(Value):
        """A model as it must not be."""

        names: tuple[str, ...] = ()

    assert list(unbounded(Loose, set())) == ["Loose.names"]


EVENT: dict[str, Any] = {"kind": "event", "title": "x", "starts_at": "2030-01-01T10:00:00Z"}
HOOK: dict[str, Any] = {"channel": "webhook", "name": "x"}
FLOODS: dict[str, tuple[type[BaseModel], dict[str, Any], str]] = {
    "topics": (Draft, EVENT | {"topics": ["!"] * MANY}, "topics"),
    "pictures": (Draft, EVENT | {"images": [{}] * MANY}, "images"),
    "texts": (Draft, EVENT | {"texts": {f"{n}!": "" for n in range(MANY)}}, "texts"),
    "kinds": (Interest, {"kinds": ["party"] * MANY}, "kinds"),
    "merchants": (Interest, {"merchants": ["\n"] * MANY}, "merchants"),
    "districts": (Interest, {"districts": ["\n"] * MANY}, "districts"),
    "nested": (DestinationRequest, HOOK | {"interest": {"topics": ["!"] * MANY}}, "interest.topics"),
    "settings": (DestinationRequest, HOOK | {"settings": {str(n): n for n in range(MANY)}}, "settings"),
    "settings within": (DestinationRequest, HOOK | {"settings": {"url": [0] * MANY}}, "settings"),
    "notices": (DeviceRequest, {"endpoint": "https://a", "keys": {}, "topics": ["!"] * MANY}, "topics"),
    "form": (Choices, {"topics": ["!"] * MANY}, "topics"),
}


@pytest.mark.parametrize("name", FLOODS)
def test_a_flood_is_refused_by_its_length_and_at_once(name: str) -> None:
    model, given, field = FLOODS[name]
    before = time.thread_time()
    with pytest.raises(ValidationError) as caught:
        model.model_validate(given)
    found = caught.value.errors()
    assert time.thread_time() - before < MOST
    assert field in {".".join(map(str, one["loc"])) for one in found}
    assert len(found) <= 5


def test_a_flood_of_unknown_fields_is_one_fault() -> None:
    given = EVENT | {f"field{number}": 1 for number in range(MANY)}
    before = time.thread_time()
    with pytest.raises(Invalid) as caught:
        draft(given)
    assert time.thread_time() - before < MOST
    assert f"{MANY} fields that are not known here" in str(caught.value)


def test_twenty_faults_are_named_and_the_rest_counted() -> None:
    images = [{"url": "x", "alt": ""}] * 10
    with pytest.raises(Invalid) as caught:
        draft(EVENT | {"images": images, "topics": ["!"] * 10})
    faults = caught.value.faults
    assert len(faults) == MOST_FAULTS + 1
    assert str(faults[-1]) == "and 10 more"


def test_two_topics_too_many_are_told_beside_the_other_faults() -> None:
    with pytest.raises(Invalid) as caught:
        draft(EVENT | {"title": "", "topics": ["a"] * 12})
    assert {fault.field for fault in caught.value.faults} == {"title", "topics"}
    assert "at most 10 values; there are 12" in str(caught.value)


def test_the_schema_still_says_how_many() -> None:
    schema = TypeAdapter(Draft).json_schema()["properties"]
    assert schema["topics"]["maxItems"] == 10
    assert schema["texts"]["maxProperties"] == 40


@pytest.mark.parametrize(
    "given",
    [{"a": float("nan")}, {"a": [float("inf")]}, {"a\x00": 1}, {"a": "\x00"}, {"a": {"b": "\ud800"}}, {"a": list(range(999))},
     {"a": [[[[[[[]]]]]]]}],
)  # fmt: skip
def test_settings_hold_only_what_can_be_kept(given: dict[str, Any]) -> None:
    with pytest.raises((ValueError, ValidationError)):
        plain(given, deepest=5, most=500)
    with pytest.raises(ValidationError):
        DestinationRequest.model_validate(HOOK | {"settings": given})


def test_what_was_kept_is_read_through_one_door() -> None:
    # Judged anew, one content from a time when less was refused would take a whole feed away.
    package = Path(bounds.__file__).parents[1]
    doors = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if "context=KEPT" in path.read_text(encoding="utf-8")
    }
    assert {door for door in doors if not door.startswith("channels/")} >= {"content/post.py"}
