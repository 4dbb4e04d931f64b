"""The subject of an edition: what is most worth opening the mail for."""

from syndication.channels import wording
from syndication.channels.built_in.edition_view import Correction, EditionView, news
from syndication.channels.envelope import City
from syndication.channels.social.counting import cut
from syndication.infra.rendering import gettext

_SUBJECT = 78
_SUBJECT_TITLE = 42


def subject(view: EditionView, city: City) -> str:
    """What is most worth opening the mail for: corrections first, then as many titles as fit."""
    say = gettext(view.language)
    titles = [_headline(one, view, city) for one in view.corrections]
    titles += [wording.title(one.post.content, view.language) for one in view.entries]
    if len(titles) == 1:
        return cut(titles[0], _SUBJECT)
    intro = say("News from {}: ").format(city.name)
    best = ""
    for shown in range(1, len(titles) + 1):
        rest = len(titles) - shown
        text = intro + ", ".join(cut(title, _SUBJECT_TITLE) for title in titles[:shown])
        text += say(" and {} more").format(rest) if rest else ""
        if best and len(text) > _SUBJECT:
            break
        best = text
    return best


def _headline(correction: Correction, view: EditionView, city: City) -> str:
    content = correction.post.content
    if correction.what == "dates":
        dates = news(correction, city, view)
        if len(dates) == 1:
            return f"{wording.name(content, view.language)}: {dates[0]}"
    word = wording.mark(correction.what, view.language) or gettext(view.language)("Correction")
    return f"{word}: {wording.name(content, view.language)}"
