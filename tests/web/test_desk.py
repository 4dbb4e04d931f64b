"""Signing in and the pages behind it, as a person goes through them: by a link, by a passkey, at several browsers."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from syndication import clock, config
from syndication.accounts import people, sign_in
from syndication.config import Settings
from syndication.infra import db
from syndication.insight import audit_log
from syndication.insight.audit_log import LogFilter
from syndication.ledger import sealed_links
from syndication.models import Delivery, Merchant, SignInRequest
from syndication.publishing import api_keys, posts, unlawful
from syndication.publishing.withdrawal import COMMAND, Grounds
from syndication.stack.mail_sink import MailSink
from syndication.web.app import create_app
from tests import chromium, factories
from tests.conftest import settings_for
from tests.town import fan_out, publish
from tests.web.serving import served

BROWSER = {
    "Accept": "text/html",
    "Accept-Language": "de",
    "User-Agent": "Mozilla/5.0 (Linux; Android 14) Firefox/126.0",
}


@pytest.fixture
def client(database: str, settings: Settings) -> Iterator[TestClient]:
    with db.transaction() as session:
        factories.merchant(session, "cafe", name="Café Rosengarten")
    people.join("rosa@cafe.example", "cafe", "owner", name="Rosa Rosen")
    with TestClient(create_app(settings), headers=BROWSER) as one:
        yield one


def letters() -> list[dict[str, Any]]:
    """What letters were written, their links opened."""
    with db.reading() as session:
        for request in session.scalars(select(SignInRequest.id)).all():
            sign_in.answer(request)
    with db.reading() as session:
        rows = session.scalars(
            select(Delivery).where(Delivery.channel == "letter").order_by(Delivery.id)
        ).all()
        return [{**(row.payload or {}), "connect": sealed_links.opened(row.payload or {})} for row in rows]


def enter(client: TestClient, email: str = "rosa@cafe.example") -> Any:
    """Sign in by a link; the page that follows."""
    assert client.post("/sign-in", data={"email": email}).status_code == 200
    link = urlsplit(letters()[-1]["connect"]).path
    assert "Noch ein Klick" in client.get(link).text
    return client.post(link)


def token(page: str) -> str:
    return str(re.findall(r'name="token" value="(\w+)"', page)[0])


def test_a_link_leads_to_the_desk_once(client: TestClient) -> None:
    page = enter(client)
    assert page.status_code == 200
    assert page.url.path == "/desk/merchants/cafe"
    assert "Café Rosengarten" in page.text
    link = urlsplit(next(one["connect"] for one in letters() if one["letter"] == "sign_in")).path
    again = client.post(link)
    assert again.status_code == 404
    assert "Dieser Link gilt nicht mehr" in again.text
    assert [one["letter"] for one in letters()] == ["sign_in", "signed_in"]


def test_the_answer_is_the_same_whoever_asks(client: TestClient) -> None:
    pages = [
        client.post("/sign-in", data={"email": email}).text.replace(email, "…")
        for email in ("rosa@cafe.example", "stranger@example.org")
    ]
    assert pages[0] == pages[1]
    assert [one["to"] for one in letters()] == ["rosa@cafe.example"]


def test_what_is_no_address_is_said_beside_the_field(client: TestClient) -> None:
    answer = client.post("/sign-in", data={"email": "rosa"})
    assert answer.status_code == 422
    assert "Bitte prüfen Sie die Mailadresse." in answer.text
    assert 'value="rosa"' in answer.text


def test_a_cookie_is_bound_to_the_host_and_kept_from_scripts(database: str, tmp_path: Path) -> None:
    cfg = settings_for(tmp_path, base_url="https://news.coburg.example", allow_private_addresses=False)
    config.use(cfg)
    people.add("rosa@cafe.example")
    try:
        with TestClient(
            create_app(cfg), base_url=cfg.base_url, follow_redirects=False, headers=BROWSER
        ) as client:
            url, _ = sign_in.link("rosa@cafe.example")
            said = client.post(urlsplit(url).path).headers["set-cookie"]
            assert said.startswith("__Host-session=")
            for part in ("HttpOnly", "Secure", "Path=/", "SameSite=lax", "Max-Age=2592000"):
                assert part in said, part
            assert "Domain" not in said
    finally:
        config.use(None)


def test_a_person_changes_their_name_and_ends_other_browsers(client: TestClient) -> None:
    enter(client)
    with TestClient(client.app, headers=BROWSER) as other:
        enter(other)
        page = client.get("/desk/account").text
        assert page.count("Firefox · Android") == 2
        saved = client.post("/desk/account", data={"token": token(page), "name": "Rosa R.", "language": "de"})
        assert "Gespeichert" in saved.text
        assert "Rosa R." in saved.text
        client.post("/desk/account/sessions/others", data={"token": token(page)})
        assert other.get("/desk/account").url.path == "/sign-in"
        assert client.get("/desk/account").url.path == "/desk/account"
        client.post("/desk/sign-out", data={"token": token(page)})
        assert client.get("/desk/account").url.path == "/sign-in"


def test_an_owner_lets_a_colleague_in_and_out(client: TestClient) -> None:
    enter(client)
    page = client.get("/desk/merchants/cafe/team").text
    form = {"token": token(page), "email": "paul@cafe.example", "name": "Paul Klein", "role": "member"}
    assert "Paul Klein" in client.post("/desk/merchants/cafe/team", data=form).text
    assert (letters()[-1]["letter"], letters()[-1]["to"]) == ("invited", "paul@cafe.example")
    with TestClient(client.app, headers=BROWSER) as paul:
        assert enter(paul, "paul@cafe.example").url.path == "/desk/merchants/cafe"
        seen = paul.get("/desk/merchants/cafe/team").text
        assert "Jemanden einladen" not in seen
        own = people.of_address("paul@cafe.example").id
        client.post(f"/desk/merchants/cafe/team/{own}", data={"token": token(page)})
        assert paul.get("/desk/merchants/cafe").status_code == 404
    wrong = client.post("/desk/merchants/cafe/team", data={**form, "email": "paul"})
    assert wrong.status_code == 422
    assert "Paul Klein" in wrong.text
    last = client.post(
        f"/desk/merchants/cafe/team/{people.of_address('rosa@cafe.example').id}", data={"token": token(page)}
    )
    assert "Jemand muss bleiben" in last.text


def test_a_post_shows_where_it_went_and_another_merchants_does_not(
    client: TestClient, settings: Settings
) -> None:
    enter(client)
    with db.transaction() as session:
        factories.destination(
            session, "webhook", settings={"url": "http://127.0.0.1:1/hook"}, name="Unser Laden"
        )
    mine = publish("other", title="Konzert nebenan")
    assert client.get(f"/desk/merchants/cafe/posts/{mine.id}").status_code == 404
    with db.reading() as session:
        from syndication.models import Merchant

        own = session.scalars(select(Merchant.id).where(Merchant.slug == "cafe")).one()
    post = factories.post(own, factories.event("Weinabend <b>"))
    fan_out()
    listed = client.get("/desk/merchants/cafe").text
    assert "Weinabend &lt;b&gt;" in listed
    assert "Konzert nebenan" not in listed
    page = client.get(f"/desk/merchants/cafe/posts/{post.id}").text
    assert "Wo ist es?" in page
    assert re.search(r"Unser Laden.*?wartet", page, re.DOTALL)


@pytest.mark.enough("sqlite")
@pytest.mark.skipif(chromium.CHROMIUM is None, reason="no Chromium on this machine; .ci/run installs it")
def test_a_passkey_is_added_and_signs_in_without_a_mail(
    database: str, tmp_path: Path, mail_sink: MailSink
) -> None:
    people.add("rosa@cafe.example", name="Rosa Rosen")
    cfg = settings_for(tmp_path)
    config.use(cfg)
    with served(cfg) as address, chromium.browsing(tmp_path) as tab:
        base = address.replace("127.0.0.1", "localhost")
        config.use(settings_for(tmp_path, base_url=base))
        tab.command("WebAuthn.enable")
        tab.command(
            "WebAuthn.addVirtualAuthenticator",
            options={
                "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
                "isUserVerified": True, "automaticPresenceSimulation": True,
            },
        )  # fmt: skip
        url, _ = sign_in.link("rosa@cafe.example")
        tab.open(f"{base}{urlsplit(url).path}")
        tab.click("main button")
        tab.reads("Sie handeln noch für kein Geschäft")
        tab.open(f"{base}/desk/account")
        tab.click("#new-passkey button")
        tab.reads("Umbenennen")
        tab.evaluate("document.querySelector('form[action=\"/desk/sign-out\"] button').click()")
        tab.until(
            lambda: tab.evaluate(
                "location.pathname == '/sign-in' && document.getElementById('passkey')?.hidden === false"
            )
        )
        tab.click("#enter")
        tab.reads("Guten Tag, Rosa Rosen")
    done = [(row.what, row.by_name, row.details.get("how")) for row in audit_log.lines(LogFilter())]
    assert ("passkey.added", "Rosa Rosen", None) in done
    assert ("person.signed_in", "Rosa Rosen", "passkey") in done
    config.use(None)
    clock.reset()


def test_a_merchant_reads_why_a_post_was_taken_back(client: TestClient) -> None:
    enter(client)
    with db.reading() as session:
        cafe = session.scalars(select(Merchant.id)).one()
    post, other = (posts.create(cafe, factories.event(title)) for title in ("Übler Titel", "Weinabend"))
    posts.withdraw(cafe, other.id)
    said = "Die Überschrift beleidigt jemanden (§ 185 StGB)."
    unlawful.withdraw(post.id, Grounds("unlawful", said, COMMAND))
    page = client.get(f"/desk/merchants/cafe/posts/{post.id}").text
    for words in (said, "gegen das Gesetz", "vom Rathaus", "Artikel 21", "Herrngasse 4"):
        assert words in page, words
    assert "Übler" not in page
    page = client.get(f"/desk/merchants/cafe/posts/{other.id}").text
    assert "Zurückgezogen" in page
    assert "Artikel 21" not in page


def test_a_merchant_reads_who_took_a_post_back(client: TestClient) -> None:
    enter(client)
    with db.reading() as session:
        cafe = session.scalars(select(Merchant.id)).one()
    shop = api_keys.create(cafe, api_keys.KeyRequest(name="Kasse im Laden")).key
    paul = people.join("paul@cafe.example", "cafe", name="Paul Klein")
    otto = people.add("otto@coburg.example", name="Otto Amt", role="operator")
    hall = api_keys.create(None, api_keys.KeyRequest(name="Zentrale", scopes=("operator",))).key
    law = Grounds(why="unlawful", statement="§ 185 StGB: Der Text beleidigt jemanden.")
    for by, words, grounds in (
        (f"key {shop.id}", "Zugang „Kasse im Laden“", Grounds()),
        (f"person {paul.id}", "von Paul Klein", Grounds()),
        (f"person {otto.id}", "vom Rathaus", law),
        (f"key {hall.id}", "vom Rathaus", Grounds()),
    ):
        post = posts.create(cafe, factories.event())
        posts.withdraw(cafe, post.id, replace(grounds, by=by))
        page = client.get(f"/desk/merchants/cafe/posts/{post.id}").text
        assert words in page, by
        for secret in (by.split()[1], "Otto", "Zentrale"):
            assert secret not in page, by
    helped = posts.create(cafe, factories.event())
    posts.withdraw(
        cafe, helped.id, Grounds(by=f"person {otto.id}")
    )  # in its name: nothing is held against it
    assert "Otto Amt" in client.get(f"/desk/merchants/cafe/posts/{helped.id}").text
    people.remove("paul@cafe.example")
    gone = posts.create(cafe, factories.event())
    posts.withdraw(cafe, gone.id, Grounds(by=f"person {paul.id}"))
    assert "vom Rathaus" not in client.get(f"/desk/merchants/cafe/posts/{gone.id}").text


def test_whoever_takes_a_post_back_at_the_desk_is_named(client: TestClient) -> None:
    enter(client)
    sealed = token(client.get("/desk/account").text)
    with db.reading() as session:
        cafe = session.scalars(select(Merchant.id)).one()
    post = posts.create(cafe, factories.event())
    client.post(f"/desk/merchants/cafe/posts/{post.id}/acts/withdraw", data={"token": sealed})
    assert "von Rosa Rosen" in client.get(f"/desk/merchants/cafe/posts/{post.id}").text
