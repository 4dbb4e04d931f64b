"""The languages in which we have texts, apart from the libraries that put them into words: many ask only which there are."""

#: English as it is written in Europe: day before month.
LOCALES = {"de": "de", "en": "en_GB"}
LANGUAGES = tuple(LOCALES)


def supported_language(language: str) -> str:
    """The language we have texts in that is nearest to `language`: its first part, else English."""
    short = language.partition("-")[0]
    return short if short in LOCALES else "en"
