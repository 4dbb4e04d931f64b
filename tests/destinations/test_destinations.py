"""Destinations as the service keeps them: those of the city, secrets at rest, limits."""

from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select

from syndication import channels, config, destinations
from syndication.config import Settings
from syndication.delivery import fanout
from syndication.delivery.load import channel_settings
from syndication.destinations import DestinationAmendment, DestinationRequest, owned
from syndication.errors import Conflict, Forbidden, Invalid, NotFound
from syndication.infra import db
from syndication.models import Delivery, Destination
from tests import factories
from tests.conftest import settings_for

pytestmark = pytest.mark.usefixtures("database")

URL = "http://127.0.0.1:9/hook"


def hook(**settings: object) -> DestinationRequest:
    """A webhook that somebody wants."""
    return DestinationRequest.model_validate(
        {"channel": "webhook", "name": "hook", "settings": {"url": URL, **settings}}
    )


def cafe(**fields: object) -> UUID:
    """The id of a merchant."""
    with db.transaction() as session:
        return factories.merchant(session, **fields).id  # type: ignore[arg-type]  # columns


def built_in() -> dict[str, tuple[str, dict[str, object]]]:
    """State and settings of the city's own destinations, by channel."""
    return {one.channel: (one.state, dict(one.settings)) for one in destinations.listed()}


def test_the_city_has_one_outlet_for_each_channel_that_comes_with_it(settings: Settings) -> None:
    for _ in range(2):
        destinations.ensure_built_in()
    assert built_in() == {"feed": ("active", {}), "newsletter": ("active", {})}
    # All mail goes through one server, so it has one health: each queue for readers has exactly one outlet.
    mail = [one for one in destinations.listed() if channels.by_kind(one.channel).queue == "mail"]
    assert len(mail) == 1


def test_a_hub_comes_goes_and_moves_with_the_settings(settings: Settings, tmp_path: Path) -> None:
    config.use(settings_for(tmp_path, websub_hub="http://127.0.0.1:9/hub"))
    destinations.ensure_built_in()
    assert built_in()["websub"] == ("active", {"hub": "http://127.0.0.1:9/hub"})
    config.use(settings_for(tmp_path))
    destinations.ensure_built_in()
    assert built_in()["websub"][0] == "paused"
    config.use(settings_for(tmp_path, websub_hub="http://127.0.0.1:9/other"))
    destinations.ensure_built_in()
    assert built_in()["websub"] == ("active", {"hub": "http://127.0.0.1:9/other"})


def test_a_hub_that_can_be_none_is_named(settings: Settings, tmp_path: Path) -> None:
    config.use(settings_for(tmp_path, websub_hub="ftp://hub.example"))
    with pytest.raises(Invalid) as refused:
        destinations.ensure_built_in()
    assert refused.value.faults[0].field == "websub_hub"


def test_what_the_operator_paused_stays_paused(settings: Settings) -> None:
    destinations.ensure_built_in()
    feed = next(one for one in destinations.listed() if one.channel == "feed")
    destinations.pause(feed.id)
    destinations.ensure_built_in()
    assert built_in()["feed"][0] == "paused"


def test_a_post_goes_to_the_feed_and_not_to_outlets_that_only_have_a_health(settings: Settings) -> None:
    destinations.ensure_built_in()
    factories.post(cafe())
    fanout.fan_out(1)
    with db.reading() as session:
        assert list(session.scalars(select(Delivery.channel))) == ["feed"]


def test_secrets_are_encrypted_anew_under_a_new_first_key(settings: Settings, tmp_path: Path) -> None:
    made = destinations.create(None, hook())
    old, new = settings.secret_keys[0].get_secret_value(), "another key of the city that is long enough"
    config.use(settings_for(tmp_path, secret_keys=(new, old)))
    assert destinations.renew_secrets() == 1
    only_new = settings_for(tmp_path, secret_keys=(new,))
    config.use(only_new)
    with db.reading() as session:
        row = session.get_one(Destination, made.destination.id)
        opened = channel_settings(row, only_new).secrets()
    assert opened["secret"] == made.secrets["secret"]


def test_a_secret_that_no_key_opens_hides_no_list_and_says_what_to_do(
    settings: Settings, tmp_path: Path
) -> None:
    made = destinations.create(None, hook()).destination
    config.use(settings_for(tmp_path, secret_keys=("a key that has nothing to do with it at all",)))
    assert [one.secrets for one in destinations.listed()] == [()]
    with pytest.raises(Conflict, match="set it up anew"):
        destinations.update(made.id, DestinationAmendment.model_validate({"settings": {"url": URL}}))
    with pytest.raises(Invalid, match="hook"):
        destinations.renew_secrets()


def test_no_secret_is_in_what_is_shown_or_printed(settings: Settings) -> None:
    made = destinations.create(None, hook())
    secret = made.secrets["secret"]
    assert secret not in repr(made)
    assert secret not in repr(destinations.listed())


def test_a_merchant_has_at_most_so_many_destinations(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owned, "MOST", 2)
    merchant_id = cafe()
    first = destinations.create(merchant_id, hook()).destination
    destinations.create(merchant_id, hook())
    with pytest.raises(Conflict, match="most there may be"):
        destinations.create(merchant_id, hook())
    destinations.delete(first.id, owner=merchant_id)
    assert destinations.create(merchant_id, hook())


def test_a_merchant_that_is_not_admitted_sets_up_nothing(settings: Settings) -> None:
    with pytest.raises(Forbidden):
        destinations.create(cafe(state="applied"), hook())
    with pytest.raises(NotFound):
        destinations.create(UUID(int=0), hook())


def test_a_private_address_is_refused_where_the_settings_do_not_allow_it(tmp_path: Path) -> None:
    config.use(settings_for(tmp_path, allow_private_addresses=False, base_url="https://coburg.example"))
    try:
        for url in ("https://127.0.0.1/", "https://10.0.0.1/", "https://localhost/", "https://[::1]/"):
            with pytest.raises(Invalid) as refused:
                destinations.create(None, hook(url=url))
            assert refused.value.faults[0].field == "settings.url"
    finally:
        config.use(None)
