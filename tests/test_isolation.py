"""Tests are alone: what one does to the database that all of a process share is found, and the one that did it is named."""

import psycopg
import pytest

from tests.conftest import emptied


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("wrong", ["DROP TABLE tallies", "CREATE TABLE mine (id int)"])
def test_whoever_takes_or_leaves_a_table_is_named(database_url: str, postgres: str, wrong: str) -> None:
    emptied(postgres, "tests/test_guilty.py::test_it")
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(wrong)
    with pytest.raises(pytest.fail.Exception, match=r"test_it took or left tables.*: (tallies|mine)$"):
        emptied(postgres, "the next")
    emptied(postgres, "the one after")
