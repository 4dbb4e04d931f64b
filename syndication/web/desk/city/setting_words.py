"""What each setting is called by people, and in which group it stands. English, translated."""

from collections.abc import Mapping
from typing import Final

from syndication.config import Settings
from syndication.content.reason import Reason

#: A group's name in addresses, its heading, and its settings in the order of the page.
GROUPS: Final[tuple[tuple[str, Reason, Mapping[str, Reason]], ...]] = (
    (
        "city",
        Reason("The city"),
        {
            "city_name": Reason("Name of the city"),
            "base_url": Reason("Public address of the service"),
            "timezone": Reason("Time zone"),
            "language": Reason("Language where somebody chose none"),
            "imprint": Reason("Who is behind it, at the foot of every mail and page"),
        },
    ),
    (
        "mail",
        Reason("Mail"),
        {
            "smtp_host": Reason("Mail server"),
            "smtp_port": Reason("Door (port) of the mail server"),
            "smtp_security": Reason("How the way there is encrypted"),
            "smtp_user": Reason("Login at the mail server"),
            "smtp_password": Reason("Password at the mail server"),
            "smtp_timeout": Reason("How long the mail server may take to answer"),
            "mail_from": Reason("Sender of every mail"),
            "operator_email": Reason("Where trouble with the city's own outlets is told"),
            "mail_connections": Reason("Most connections to the mail server at once"),
            "mail_batch": Reason("Mails that one connection takes at a time"),
        },
    ),
    (
        "delivery",
        Reason("Spreading"),
        {
            "retry_schedule": Reason("Pauses between the tries of one delivery"),
            "disable_after": Reason("An outlet is switched off after failing for"),
            "outage_after": Reason("An outage of the city's outlets is told after"),
            "correction_pause": Reason("A correction to readers waits, so that several become one mail"),
            "instant_window": Reason("A mail to those who hear at once gathers for"),
            "lease": Reason("Work of a part that died is taken over after"),
            "push_threads": Reason("Outlets that one worker talks to at once"),
            "push_batch": Reason("Messages taken at a time for one outlet"),
            "http_timeout": Reason("How long another's server may take to answer"),
            "allow_private_addresses": Reason("May reach addresses inside our own network"),
        },
    ),
    (
        "feeds",
        Reason("Feeds and calendars"),
        {
            "feed_size": Reason("Posts on one page of a feed"),
            "calendar_size": Reason("Events in one calendar"),
            "feed_max_age": Reason("A feed is asked for anew after"),
            "websub_hub": Reason("Hub that spreads feeds (WebSub)"),
        },
    ),
    (
        "limits",
        Reason("Limits"),
        {
            "posts_per_day": Reason("Posts of a business in 24 hours, where it has no number of its own"),
            "keep_deliveries": Reason("Days for which is kept what was sent where"),
        },
    ),
    (
        "secrets",
        Reason("Secrets and networks"),
        {
            "secret_keys": Reason("Keys that encrypt and sign"),
            "vapid_key": Reason("Key for notices on devices (Web Push)"),
            "oauth_clients": Reason("Our apps at networks such as Facebook"),
            "push_services": Reason("Services that bring notices to devices"),
        },
    ),
    (
        "parts",
        Reason("Parts and machine"),
        {
            "data_dir": Reason("Folder for files"),
            "database_url": Reason("Database"),
            "broker_url": Reason("Messenger between the parts (Redis or RabbitMQ)"),
            "database_pool": Reason("Connections of each part to the database"),
            "log_level": Reason("What is written into the log of the machine"),
            "log_format": Reason("How that log is written"),
        },
    ),
)
assert {name for _, _, rows in GROUPS for name in rows} == set(Settings.model_fields)
#: Words for values of which there are few.
CHOICES: Final[Mapping[str, Mapping[str, Reason]]] = {
    "language": {
        "de": Reason("German"),
        "en": Reason("English"),
    },
    "smtp_security": {
        "starttls": Reason("encrypted (STARTTLS)"),
        "tls": Reason("encrypted (TLS)"),
        "none": Reason("not encrypted"),
    },
    "log_level": {
        "DEBUG": Reason("everything, for looking for faults"),
        "INFO": Reason("what happens"),
        "WARNING": Reason("warnings and errors"),
        "ERROR": Reason("only errors"),
    },
    "log_format": {
        "json": Reason("for programs (JSON)"),
        "text": Reason("for people"),
    },
}
#: Numbers of seconds.
SPANS: Final = frozenset(
    {
        "smtp_timeout",
        "retry_schedule",
        "disable_after",
        "outage_after",
        "correction_pause",
        "instant_window",
        "lease",
        "http_timeout",
        "feed_max_age",
    }
)  # fmt: skip -- a list
#: Addresses that may hold a name and a password.
HIDDEN_PARTS: Final = frozenset({"database_url", "broker_url", "websub_hub"})
