"""Compares validators of conditional requests (RFC 9110 section 13)."""


def known(if_none_match: str, etag: str) -> bool:
    """Whether a list of entity tags holds `etag`, which is strong, or is `*`; compared weakly (section 8.8.3.2)."""
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return "*" in tags or etag in tags
