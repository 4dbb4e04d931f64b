"""Reads the form of a reader's choices; a wrong field is reported beside it, and all others keep their values."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.datastructures import FormData
from starlette.requests import Request

from syndication import clock
from syndication.audience.readers import ReaderRecord
from syndication.config import settings
from syndication.content.bounds import Few
from syndication.content.cadence import WEEKDAYS, Cadence
from syndication.content.characters import legible
from syndication.content.interest import Interest
from syndication.content.topics import Topic
from syndication.infra.rendering import gettext
from syndication.infra.signing import Box
from syndication.kinds import NAMES
from syndication.kinds.reading import KindName
from syndication.publishing import districts
from syndication.publishing.merchants import District

_MOST_TEXT, _MOST_FIELDS = 400, 200
#: Fields of which several can be ticked.
_SEVERAL = ("kinds", "topics", "districts")
#: How long a form that was filled in may be opened once more in the other language (seconds).
_CARRIED = 3600
#: What the form offers; an hour that was chosen over the API stands beside them.
_HOURS = range(5, 23)


class Choices(BaseModel):
    """The fields of the forms. No kind, topic and part of town chosen means all of them. `minute` is no field: it stays."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    kinds: Annotated[tuple[KindName, ...], Few(20)] = ()
    topics: Annotated[tuple[Topic, ...], Few(50)] = ()
    districts: Annotated[tuple[District, ...], Few(50)] = ()
    rhythm: Literal["instantly", "daily", "weekly"] = "weekly"
    weekday: Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"] = "thu"
    hour: Annotated[int, Field(ge=0, le=23)] = 7
    minute: Annotated[int, Field(ge=0, le=59)] = 0

    @classmethod
    def of(cls, reader: ReaderRecord) -> "Choices":
        """What a reader chose before."""
        cadence = Cadence.parse(reader.cadence)
        at_once = cadence.rhythm == "instantly"
        return cls(
            kinds=_offered(reader.interest),
            topics=reader.interest.topics,
            districts=reader.interest.districts,
            rhythm=cadence.rhythm,
            weekday=WEEKDAYS[3 if cadence.weekday is None else cadence.weekday],
            hour=7 if at_once else cadence.hour,
            minute=0 if at_once else cadence.minute,
        )

    def interest(self, known: Interest | None = None) -> Interest:
        """The interest; of `known` stays what no form asks for: merchants, kinds that are not installed now."""
        before = known or Interest()
        hidden = tuple(name for name in before.kinds if name not in NAMES)
        # Whoever takes the last tick away wants everything.
        kinds = self.kinds + hidden if self.kinds or not _offered(before) else ()
        return before.model_copy(update={"kinds": kinds, "topics": self.topics, "districts": self.districts})

    def cadence(self) -> str:
        """The cadence in words that `Cadence.parse` takes."""
        at = f"{self.hour:02d}:{self.minute:02d}"
        if self.rhythm == "instantly":
            return "instantly"
        return f"daily {at}" if self.rhythm == "daily" else f"weekly {self.weekday} {at}"

    def hours(self) -> list[tuple[int, str]]:
        """The hours to choose from: the form's value and the time, that of the chosen one to the minute."""
        offered = sorted({*_HOURS, self.hour})
        return [(hour, f"{hour:02d}:{self.minute if hour == self.hour else 0:02d}") for hour in offered]


NOTHING = Choices()
_DAYS = {
    "de": ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}


@dataclass(frozen=True)
class Typed:
    """A form as it came: single texts, and the choices of which each could be read or not."""

    texts: Mapping[str, str]
    chosen: Mapping[str, Any]

    def text(self, name: str, most: int = _MOST_TEXT) -> str:
        """A field of one text, at most `most` characters; empty where there is none."""
        return legible(self.texts.get(name, ""))[:most]

    def sealed(self, *names: str, most: int = _MOST_TEXT) -> str:
        """The choices and the texts of `names`, for the link to the same form in the other language; see `carried`."""
        texts = {name: self.text(name, most) for name in names}
        return _box().close({"texts": texts, "chosen": self.chosen, "at": clock.now().timestamp()})

    def choices(self, before: Choices, language: str) -> tuple[Choices, dict[str, str]]:
        """What was chosen, and a sentence for each field that cannot be read, of which `before` stays; as they
        stand on the page."""
        say = gettext(language)("Please choose from what is offered here.")
        given = {**dict.fromkeys(_SEVERAL, ()), **self.chosen}
        # They stand in a mail to an address that nobody confirmed yet, so that only the town hall writes what they say.
        named, given["districts"] = given["districts"], _offered_districts(given["districts"], before)
        found: list[Any] = [{"loc": ("districts", -1)}] if len(named) > len(given["districts"]) else []
        try:
            chosen = _kept_minute(Choices.model_validate({**before.model_dump(), **given}), before)
            return chosen, {"districts": say} if found else {}
        except ValidationError as error:
            found += error.errors(include_url=False, include_context=False)
        wrong = {str(one["loc"][0]) for one in found}
        for name in wrong:
            bad = {one["loc"][1] for one in found if one["loc"][0] == name and len(one["loc"]) > 1}
            # Of several ticks only those go that cannot be read.
            given[name] = (
                [value for number, value in enumerate(given[name]) if number not in bad]
                if bad
                else getattr(before, name)
            )
        chosen = Choices.model_validate({**before.model_dump(), **given})
        return chosen, {name: say for name in Choices.model_fields if name in wrong}


async def typed(request: Request) -> Typed:
    """A dependency: the form of a request; files in it are left out."""
    form = await request.form(max_files=0, max_fields=_MOST_FIELDS)
    texts = {name: value for name, value in form.items() if isinstance(value, str)}
    single = {name: texts[name] for name in ("rhythm", "weekday", "hour") if texts.get(name)}
    return Typed(texts, {**{name: _several(form, name) for name in _SEVERAL}, **single})


def carried(request: Request) -> Typed | None:
    """What somebody had filled in when they asked for the other language; None where nothing was, or hours ago."""
    try:
        found = _box().open(request.query_params.get("typed", ""))
    except ValueError:
        return None
    if not found or clock.now().timestamp() - found["at"] > _CARRIED:
        return None
    return Typed(found["texts"], found["chosen"])


def _box() -> Box:
    return Box(settings().keys, "form")


def _offered(interest: Interest) -> tuple[str, ...]:
    return tuple(name for name in interest.kinds if name in NAMES)


def _offered_districts(named: Sequence[str], before: Choices) -> list[str]:
    offered = {*districts.known(), *before.districts} if named else set()
    return [one for one in named if one in offered]


def _several(form: FormData, name: str) -> list[str]:
    return [value for value in form.getlist(name) if isinstance(value, str)]


def _kept_minute(chosen: Choices, before: Choices) -> Choices:
    """Half past seven stays that where seven is still chosen."""
    return chosen if chosen.hour == before.hour else chosen.model_copy(update={"minute": 0})


def districts_to_choose(chosen: Choices, before: Iterable[str] = ()) -> list[str]:
    """Parts of town that a form offers: what was chosen, and all others where there is more than one."""
    there = districts.known()
    return districts.in_order([*chosen.districts, *before, *(there if len(there) > 1 else ())])


def weekdays(language: str) -> list[tuple[str, str]]:
    """The days of the week: the form's value and the name."""
    return list(zip(WEEKDAYS, _DAYS[language], strict=True))
