"""What all tables share."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import JSON, BigInteger, Integer, MetaData, Table, Uuid
from sqlalchemy.orm import DeclarativeBase

from syndication.infra.db import UTCDateTime

#: A counting key: 64 bits on PostgreSQL; SQLite counts only in INTEGER.
Counter = BigInteger().with_variant(Integer, "sqlite")


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
    }

    def __init_subclass__(cls, **named: Any) -> None:
        """A number that was given away is never given again: left alone, SQLite repeats the highest after its row is deleted."""
        super().__init_subclass__(**named)
        table = cls.__dict__.get("__table__")
        if isinstance(table, Table) and table.autoincrement_column is not None:
            table.dialect_options["sqlite"]["autoincrement"] = True
