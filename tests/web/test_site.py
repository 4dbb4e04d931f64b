"""The pages behind the links: a GET changes nothing, a button does, every answer is safe to look at."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from syndication import clock, config
from syndication.audience import readers
from syndication.content.interest import Interest
from syndication.infra import db
from syndication.models import Consent, Delivery, Reader
from syndication.publishing import posts, stock
from syndication.web.app import create_app
from tests import factories, town

BROWSER = {"Accept": "text/html"}
NOBODY = "/posts/00000000-0000-7000-8000-000000000000"


@pytest.fixture
def client(database: str, settings: config.Settings) -> Iterator[TestClient]:
    with TestClient(create_app(settings), follow_redirects=False) as one:
        yield one


def stamp(client: TestClient) -> str:
    found = re.search(r'name="stamp" value="([^"]+)"', client.get("/").text)
    assert found
    clock.travel(timedelta(seconds=3))
    return found.group(1)


def sign_up(client: TestClient, email: str = "anna@example.org", **fields: str) -> str:
    return client.post(
        "/sign-up?lang=de", data={"email": email, "stamp": stamp(client), "rhythm": "weekly", **fields}
    ).text


def letters() -> list[dict[str, str]]:
    town.answer_sign_ups()
    with db.reading() as session:
        rows = session.scalars(select(Delivery).where(Delivery.channel == "letter").order_by(Delivery.id))
        return [row.payload or {} for row in rows]


def reader() -> Reader:
    with db.reading() as session:
        return session.scalars(select(Reader)).one()


def confirmed() -> str:
    town.sign_up("anna@example.org")
    readers.confirm(letters()[-1]["token"])
    return readers.token_for("anna@example.org")


def post(**fields: object) -> posts.PostRecord:
    with db.transaction() as session:
        merchant_id = factories.merchant(session, name="Café <Rosengarten>").id
    return posts.create(merchant_id, factories.event(**fields))  # type: ignore[arg-type]  # fields of a draft


def test_signing_up_takes_a_mail_and_a_button(client: TestClient) -> None:
    assert "Bitte sehen Sie in Ihr Postfach" in sign_up(client, topics="musik")
    (letter,) = letters()
    assert reader().state == "pending"
    page = client.get(f"/confirm/{letter['token']}")
    assert "<form" in page.text
    assert reader().state == "pending", "a mail scanner that opens the link confirms nothing"
    done = client.post(f"/confirm/{letter['token']}")
    assert "anna@example.org" in done.text
    assert reader().state == "confirmed"
    with db.reading() as session:
        consents = session.scalars(select(Consent).order_by(Consent.id)).all()
    assert [one.action for one in consents] == ["asked", "confirmed"]
    assert "abbestellen" in consents[1].wording


def test_every_address_gets_the_same_answer(client: TestClient) -> None:
    first = sign_up(client)
    readers.confirm(letters()[-1]["token"])
    clock.travel(timedelta(minutes=20))
    again = sign_up(client)
    assert first == again
    assert [letter["letter"] for letter in letters()] == ["confirm", "already"]


def test_one_address_is_not_flooded(client: TestClient) -> None:
    for _ in range(4):
        sign_up(client)
        assert len(letters()) == 1


@pytest.mark.parametrize("fields", [{"website": "http://spam.example"}, {"stamp": "forged"}, {"stamp": ""}])
def test_a_robot_gets_a_friendly_answer_and_no_letter(fields: dict[str, str], client: TestClient) -> None:
    assert "Postfach" in sign_up(client, **fields)
    assert letters() == []


def test_a_form_sent_within_two_seconds_is_a_robots(client: TestClient) -> None:
    found = re.search(r'name="stamp" value="([^"]+)"', client.get("/").text)
    assert found
    client.post("/sign-up", data={"email": "a@example.org", "stamp": found.group(1)})
    assert letters() == []


def test_a_form_is_good_for_three_letters(client: TestClient) -> None:
    one = stamp(client)
    answers = [
        client.post("/sign-up?lang=de", data={"email": f"a{number}@example.org", "stamp": one})
        for number in range(4)
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 422]
    assert "Bitte schicken Sie es noch einmal ab." in answers[-1].text
    assert 'value="a3@example.org"' in answers[-1].text
    assert len(letters()) == 3


def test_a_form_that_was_open_for_days_is_said_and_shown_anew(client: TestClient) -> None:
    one = stamp(client)
    clock.travel(timedelta(days=2))
    answer = client.post("/sign-up?lang=de", data={"email": "a@example.org", "stamp": one, "rhythm": "daily"})
    assert answer.status_code == 422
    assert "zu lange offen" in answer.text
    assert 'value="daily" checked' in answer.text
    clock.travel(timedelta(seconds=3))
    fresh = re.search(r'name="stamp" value="([^"]+)"', answer.text)
    assert fresh
    client.post("/sign-up", data={"email": "a@example.org", "stamp": fresh.group(1)})
    assert len(letters()) == 1


def test_a_wrong_address_is_said_at_the_field(client: TestClient) -> None:
    answer = client.post("/sign-up?lang=de", data={"email": "anna@", "stamp": stamp(client)})
    assert answer.status_code == 422
    assert "Bitte prüfen Sie die Mailadresse." in answer.text
    assert 'value="anna@"' in answer.text


def test_the_sixth_sign_up_from_one_place_waits(client: TestClient) -> None:
    codes = [
        client.post(
            "/sign-up",
            data={"email": f"a{n}@example.org", "stamp": stamp(client)},
            headers=BROWSER,
        ).status_code
        for n in range(6)
    ]
    assert codes == [200] * 5 + [429]


def test_leaving_takes_a_button_and_is_at_once(client: TestClient) -> None:
    token = confirmed()
    assert client.get(f"/leave/{token}").status_code == 200
    assert reader().state == "confirmed"
    done = client.post(f"/leave/{token}")
    assert "Sie sind abgemeldet" in done.text
    assert reader().state == "left"
    assert client.post(f"/leave/{token}").status_code == 200


def test_one_click_of_a_mail_program_is_a_plain_200(client: TestClient) -> None:
    answer = client.post(f"/leave/{confirmed()}", data={"List-Unsubscribe": "One-Click"})
    assert (answer.status_code, answer.text) == (200, "OK")
    assert "set-cookie" not in answer.headers
    assert reader().state == "left"


def test_preferences_are_shown_and_saved(client: TestClient) -> None:
    token = confirmed()
    post(topics=["musik"])
    assert 'value="weekly" checked' in client.get(f"/preferences/{token}").text
    form = {"kinds": "event", "topics": ["musik"], "rhythm": "daily", "hour": "9", "language": "en"}
    saved = client.post(f"/preferences/{token}", data=form)
    assert "Saved." in saved.text
    found = readers.read(token)
    assert found.cadence == "daily 09:00"
    assert found.interest == Interest(kinds=("event",), topics=("musik",))
    assert found.language == "en"


@pytest.mark.parametrize(
    "path",
    [
        "/confirm/x",
        "/preferences/x",
        "/leave/x",
        "/posts/x",
        "/posts/00000000-0000-7000-8000-000000000000",
        "/nothing",
        "/feeds/none.rss",
    ],
)
def test_a_broken_link_is_a_friendly_page(path: str, client: TestClient) -> None:
    answer = client.get(path + "?lang=de", headers=BROWSER)
    if path == "/confirm/x":
        answer = client.post(path + "?lang=de", headers=BROWSER)
    assert answer.status_code == 404
    assert "Diese Seite gibt es nicht" in answer.text
    assert "Zur Startseite" in answer.text


def test_a_post_has_its_page_with_everything_and_nothing_dangerous(client: TestClient) -> None:
    one = post(
        title="Abend </script><script>alert(1)</script>",
        body="**Wein** <img src=x onerror=alert(1)>",
        topics=["wein"],
    )
    answer = client.get(f"/posts/{one.id}?lang=de")
    assert answer.text.count("<script") == 1
    assert "&lt;script&gt;" in answer.text
    assert "<strong>Wein</strong>" in answer.text
    assert "<img" not in answer.text
    assert "Café &lt;Rosengarten&gt;" in answer.text
    assert '"@type": "Event"' in answer.text


def test_topics_stand_on_pages_as_they_are_spelled_and_lead_to_their_slugs(client: TestClient) -> None:
    one = post(topics=["Kunst & Kultur", "Bad Waldliesborn"])
    assert "Bad Waldliesborn, Kunst &amp; Kultur" in client.get(f"/posts/{one.id}?lang=de").text
    form = client.get("/?lang=de").text
    assert 'name="topics" value="kunst-kultur"> Kunst &amp; Kultur</label>' in form
    assert form.index("> Bad Waldliesborn<") < form.index("> Kunst &amp; Kultur<")
    feed = client.get("/feeds/topic/kunst-kultur.rss")
    assert "Kunst &amp; Kultur</title>" in feed.text


def test_a_withdrawn_post_says_so(client: TestClient) -> None:
    one = post()
    posts.withdraw(one.merchant_id, one.id)
    answer = client.get(f"/posts/{one.id}?lang=de")
    assert answer.status_code == 410
    assert "zurückgezogen" in answer.text
    assert "Weinabend" not in answer.text


@pytest.mark.parametrize("language", ["de", "en"])
def test_pages_speak_the_visitors_language(language: str, client: TestClient) -> None:
    words = {"de": "Neues aus Coburg", "en": "News from Coburg"}
    assert words[language] in client.get("/", headers={"Accept-Language": f"{language}-XX,fr;q=0.5"}).text
    assert words[language] in client.get(f"/?lang={language}").text


def test_pages_load_nothing_from_elsewhere_and_set_no_cookie(client: TestClient) -> None:
    post()
    token = confirmed()
    for path in ("/", f"/preferences/{token}", f"/leave/{token}"):
        answer = client.get(path)
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "script-src" not in answer.headers["content-security-policy"]
        assert "set-cookie" not in answer.headers
        assert not re.search(r'(?:src|action)="(?:https?:)?//', answer.text)
    assert client.get(f"/leave/{token}").headers["referrer-policy"] == "no-referrer"


def test_the_style_sheet_is_cached(client: TestClient) -> None:
    first = client.get("/style.css")
    assert first.headers["content-type"].startswith("text/css")
    assert client.get("/style.css", headers={"If-None-Match": first.headers["etag"]}).status_code == 304


def test_readers_can_do_all_of_it_over_json(client: TestClient) -> None:
    base = "/api/v1/readers"
    asked = client.post(base, json={"email": "anna@example.org", "cadence": "daily 07:00", "wording": "Ja"})
    assert asked.status_code == 202
    assert client.post(f"{base}/{letters()[0]['token']}/confirm").json()["state"] == "confirmed"
    token = readers.token_for("anna@example.org")
    wanted = {"language": "en", "interest": {"kinds": ["offer"]}, "cadence": "instantly"}
    assert client.put(f"{base}/{token}", json=wanted).json()["cadence"] == "instantly"
    assert client.get(f"{base}/{token}").json()["interest"]["kinds"] == ["offer"]
    exported = client.get(f"{base}/{token}/export").json()
    assert exported["reader"]["email"] == "anna@example.org"
    assert len(exported["consents"]) == 2
    assert client.post(f"{base}/{token}/leave").json()["state"] == "left"
    assert client.delete(f"{base}/{token}").status_code == 204
    assert client.get(f"{base}/{token}").status_code == 404
    with db.reading() as session:
        assert session.scalars(select(Reader)).all() == []
        assert session.scalars(select(Consent)).all() == []


def test_the_page_of_a_summary_lists_what_it_tells_of(client: TestClient) -> None:
    with db.transaction() as session:
        owner = factories.merchant(session, "verein").id
    quiet = posts.Manner(imported=True, quiet=True)
    made = [
        posts.submit(owner, factories.event(f"Probe {number}", source_ref=f"p-{number}"), manner=quiet).post
        for number in range(3)
    ]
    told = stock.sum_up(owner, ["p-0", "p-1", "p-2"])
    assert told is not None
    posts.withdraw(owner, made[2].id)
    page = client.get(f"/posts/{told.id}?lang=en").text
    assert "3 new events from Verein" in page
    assert [f"/posts/{one.id}" in page for one in made] == [True, True, False]
