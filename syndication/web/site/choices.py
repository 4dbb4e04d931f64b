"""What a reader can choose in a form."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from syndication.content import WEEKDAYS, Cadence, Interest, Kind
from syndication.readers import ReaderRecord


class Choices(BaseModel):
    """The fields of the forms. No kind and no topic chosen means all of them."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    kinds: list[Kind] = []
    topics: list[str] = []
    rhythm: Literal["instantly", "daily", "weekly"] = "weekly"
    weekday: Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"] = "thu"
    hour: int = 7

    @classmethod
    def of(cls, reader: ReaderRecord) -> "Choices":
        """What a reader chose before."""
        cadence = Cadence.parse(reader.cadence)
        return cls(
            kinds=list(reader.interest.kinds),
            topics=list(reader.interest.topics),
            rhythm=cadence.rhythm,
            weekday=WEEKDAYS[3 if cadence.weekday is None else cadence.weekday],
            hour=7 if cadence.rhythm == "instantly" else cadence.hour,
        )

    def interest(self) -> Interest:
        """The interest; pydantic's ValidationError for what is no topic."""
        return Interest(kinds=tuple(self.kinds), topics=tuple(self.topics))

    def cadence(self) -> str:
        """The cadence in words that `Cadence.parse` takes."""
        if self.rhythm == "instantly":
            return "instantly"
        return (
            f"daily {self.hour:02d}:00"
            if self.rhythm == "daily"
            else f"weekly {self.weekday} {self.hour:02d}:00"
        )


NOTHING = Choices()
_DAYS = {
    "de": ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}


def weekdays(language: str) -> list[tuple[str, str]]:
    """The days of the week: the form's value and the name."""
    return list(zip(WEEKDAYS, _DAYS[language], strict=True))
