"""What all tables share."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import JSON, BigInteger, Dialect, Integer, MetaData, String, Table, Text, TypeDecorator, Uuid
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeEngine

from syndication.content.reason import Reason
from syndication.infra.db import UTCDateTime

#: A counting key: 64 bits on PostgreSQL; SQLite counts only in INTEGER.
Counter = BigInteger().with_variant(Integer, "sqlite")


class ReasonText(TypeDecorator[Reason]):
    """A reason as text, so that it can be put into the language of whoever reads it; see `Reason.stored`.

    `nominal` is the length that SQLite, which cuts nothing, has in its description of the table.
    """

    impl = Text
    cache_ok = True

    def __init__(self, nominal: int | None = None) -> None:
        super().__init__()
        self.nominal = nominal

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Text of any length."""
        bounded = dialect.name == "sqlite" and self.nominal is not None
        return String(self.nominal) if bounded else Text()

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """To the database; a mere text is not ours to translate."""
        return None if value is None else Reason.quoted(value).stored()

    def process_result_value(self, value: str | None, dialect: Dialect) -> Reason | None:
        """From the database; what stands there in English since before sentences had ids is read, too."""
        return None if value is None else Reason.read(value)


class Base(DeclarativeBase):
    """Base of all tables; constraint names are fixed so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar = {
        datetime: UTCDateTime,
        UUID: Uuid,
        dict[str, Any]: JSON,
        list[str]: JSON,
        list[int]: JSON,
        list[tuple[str, str | None]]: JSON,
        Reason: ReasonText(500),
    }

    def __init_subclass__(cls, **named: Any) -> None:
        """A number that was given away is never given again: left alone, SQLite repeats the highest after its row is deleted."""
        super().__init_subclass__(**named)
        table = cls.__dict__.get("__table__")
        if isinstance(table, Table) and table.autoincrement_column is not None:
            table.dialect_options["sqlite"]["autoincrement"] = True
