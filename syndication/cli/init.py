"""The command that writes a city's first settings; a shell (`set -a; . ./file`) and systemd (EnvironmentFile) read them."""

import os
import secrets
import shlex
import sys
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer

from syndication.cli import screen
from syndication.errors import Conflict, Invalid, Unavailable

if TYPE_CHECKING:
    from syndication.config import Settings

#: What stands in the file, in this order: the settings of a part, below words that say what they are for.
_PARTS = (
    ("What readers see: the city's name, where its pages are, and the clock it goes by.",
     ("city_name", "base_url", "timezone", "language")),
    ("Where the database and everything else that must be kept lies; seen from where the service is started.",
     ("data_dir",)),
    ("This opens what is stored encrypted, and signs links in mails. Keep a copy of it in another place, show it to nobody.",
     ("secret_keys",)),
    ("The mail server that takes our mails, and who they are from. Security is starttls, tls or none.",
     ("mail_from", "smtp_host", "smtp_port", "smtp_security", "smtp_user", "smtp_password")),
    ("So many seconds what comes close together is gathered into one mail, for readers who want to hear at once.",
     ("instant_window",)),
    ("Only for a city that nobody outside reaches: it may be without https, and may talk to machines near by.",
     ("allow_private_addresses",)),
)  # fmt: skip
_HEAD = """\
# Settings of {city}, written by `syndication init`. The others: docs/settings.md, or `syndication settings`.
# A shell takes it with `set -a; . ./NAME-OF-THIS-FILE; set +a`, a systemd unit with EnvironmentFile=/WHERE/IT/IS.
"""


def join(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(init)


def _option(name: str, help: str) -> Any:
    """An option that, where it is not given, is what the environment says already."""
    return typer.Option(help=help, envvar=f"SYNDICATION_{name}", show_default=False)


def init(
    city: Annotated[str | None, _option("CITY_NAME", "The city's name, as readers see it.")] = None,
    base_url: Annotated[
        str,
        _option("BASE_URL", "Public address, without a slash at the end; else this machine at port 8000."),
    ] = "http://127.0.0.1:8000",
    mail_from: Annotated[
        str | None, _option("MAIL_FROM", "Sender of every mail; else news@ the public address.")
    ] = None,
    smtp_host: Annotated[
        str, _option("SMTP_HOST", "The mail server; else this machine, as for `syndication inbox`.")
    ] = "127.0.0.1",
    smtp_port: Annotated[
        int | None, _option("SMTP_PORT", "Its port; else 587, and 2525 on this machine.")
    ] = None,
    smtp_security: Annotated[
        str | None,
        _option("SMTP_SECURITY", "starttls, tls or none; else starttls, and none on this machine."),
    ] = None,
    smtp_user: Annotated[
        str,
        _option("SMTP_USER", "Login there; the password comes from SYNDICATION_SMTP_PASSWORD or the file."),
    ] = "",
    data_dir: Annotated[str, _option("DATA_DIR", "Where data is kept; else the folder data.")] = "data",
    timezone: Annotated[
        str, _option("TIMEZONE", "The city's time zone; else Europe/Berlin.")
    ] = "Europe/Berlin",
    language: Annotated[str, _option("LANGUAGE", "de or en; else de.")] = "de",
    file: Annotated[Path, typer.Option(help="The file to write; never over one that is there.")] = Path(
        "syndication.env"
    ),
) -> None:
    """Write a file of settings with a fresh secret: for this machine alone, where nothing else is said."""
    from syndication.config import read

    _refuse_present(file)
    here = smtp_host in ("127.0.0.1", "::1", "localhost")
    alone = base_url.startswith("http://") and _inside(_host(base_url))
    cfg = read(
        city_name=_asked_for() if city is None else city,
        base_url=base_url,
        timezone=timezone,
        language=language,
        data_dir=data_dir,
        secret_keys=secrets.token_urlsafe(36),
        mail_from=mail_from or f"news@{_domain(base_url)}",
        smtp_host=smtp_host,
        smtp_port=(2525 if here else 587) if smtp_port is None else smtp_port,
        smtp_security=smtp_security or ("none" if here else "starttls"),
        smtp_user=smtp_user,
        # Only where nobody else comes by: else http is refused, and outlets inside our network stay out of reach.
        allow_private_addresses=alone,
        # Who tries it out does not wait two minutes for a mail.
        **({"instant_window": 3} if alone else {}),
    )
    _write(file, text(cfg))
    # A name without a slash would be looked for on PATH.
    named = shlex.quote(os.path.join(".", file))
    screen.say(f"{file} is written; only you can read it. A shell takes it with: set -a; . {named}; set +a")


def text(cfg: "Settings") -> str:
    """What the file says, in words and in values that a shell and systemd read alike."""
    from syndication.config import as_environment

    values = as_environment(cfg)
    lines = [_HEAD.format(city=cfg.city_name)]
    for words, names in _PARTS:
        lines.append(f"# {words}")
        for name in (f"SYNDICATION_{one.upper()}" for one in names):
            value = values[name]
            lines.append(f"{name}={quoted(value.lower() if value in ('True', 'False') else value)}")
        lines.append("")
    return "\n".join(lines)


def quoted(value: str) -> str:
    """`value` in quotes as POSIX shells (2.2), systemd.exec(5) and compose files take them; it may hold anything."""
    if "'" not in value:
        return f"'{value}'"
    for one in '\\"$`':
        value = value.replace(one, f"\\{one}")
    return f'"{value}"'


def _refuse_present(file: Path) -> None:
    if file.is_symlink() or file.exists():
        raise Conflict(
            f"{file} is there already and stays as it is: its secret opens what the city has stored. Change it by hand;"
            " or name another file with --file; or move it away where nothing is stored yet."
        )


def _asked_for() -> str:
    if not sys.stdin.isatty():
        raise Invalid.field("--city", "is needed: the city's name, as readers see it")
    name: str = typer.prompt("The city's name, as readers see it")
    return name


def _host(base_url: str) -> str:
    try:
        return urlsplit(base_url).hostname or ""
    except ValueError:  # the settings say what is wrong with it
        return ""


def _domain(base_url: str) -> str:
    """Behind the @ of our mails; a machine without a name borrows one that leads nowhere (RFC 2606)."""
    host = _host(base_url)
    return "city.example" if _inside(host) or not host else host


def _inside(host: str) -> bool:
    """Whether a host is this machine, or an address that nobody outside reaches."""
    from syndication.infra.ssrf import forbidden

    try:
        return host == "localhost" or forbidden(ip_address(host))
    except ValueError:
        return False


def _write(file: Path, content: str) -> None:
    try:
        number = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise Unavailable(f"{file} cannot be written: {error.strerror}.") from error
    try:
        # A folder's name may hold bytes that are no text; they go to the file as they came.
        with os.fdopen(number, "w", encoding="utf-8", errors="surrogateescape") as out:
            out.write(content)
    except OSError as error:
        with suppress(OSError):
            file.unlink()
        raise Unavailable(f"{file} cannot be written: {error.strerror}.") from error
