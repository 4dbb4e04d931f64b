"""An incoming webhook as docs.slack.dev describes it: "Sending messages using incoming webhooks" (answers and errors in
plain text), "Block Kit" (header, section, image and context blocks) and "Rate limits"."""

from typing import Any

from syndication.stack.receiver import Reply, Request
from tests.remotes.remote import OPEN, Problem, Remote, body_of, route

PATH = "/services/T000/B000/slack-webhook-token"


def refuse(status: int, code: str) -> Problem:
    problem = Problem(status)
    problem.reply = Reply(status, {"Content-Type": "text/html"}, code.encode())
    return problem


def _length(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


class FakeSlack(Remote):
    """One webhook in one channel."""

    posting = r"POST /services/"

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[dict[str, Any]] = []

    @property
    def copies(self) -> int:
        return len(self.messages)

    @route(f"POST {PATH}")
    def post(self, request: Request) -> Reply:
        body = body_of(request)
        if unknown := set(body) - {"text", "blocks", "unfurl_links", "unfurl_media", "attachments"}:
            raise refuse(400, f"invalid_payload {unknown}")
        if not body.get("text"):
            raise refuse(400, "no_text")
        if len(body.get("blocks", [])) > 50:
            raise refuse(400, "invalid_blocks")
        for block in body["blocks"]:
            getattr(self, f"_check_{block['type']}")(block)
        self.messages.append(body)
        return Reply(200, {"Content-Type": "text/html"}, b"ok")

    @route("POST /services/.*")
    def unknown(self, _: Request) -> Reply:
        raise refuse(404, "no_service")

    @staticmethod
    def _check_header(block: dict[str, Any]) -> None:
        if block["text"]["type"] != "plain_text" or not 0 < _length(block["text"]["text"]) <= 150:
            raise refuse(400, "invalid_blocks")

    @staticmethod
    def _check_section(block: dict[str, Any]) -> None:
        if block["text"]["type"] != "mrkdwn" or not 0 < _length(block["text"]["text"]) <= 3000:
            raise refuse(400, "invalid_blocks")

    @staticmethod
    def _check_rich_text(block: dict[str, Any]) -> None:
        """docs.slack.dev/reference/block-kit/blocks/rich-text-block: sections of texts and links, none of them empty."""
        for section in block["elements"]:
            if section["type"] != "rich_text_section" or not section["elements"]:
                raise refuse(400, "invalid_blocks")
            for one in section["elements"]:
                link = one["type"] == "link" and one["url"].startswith(("http://", "https://", "mailto:"))
                if not one["text"] or not (link or one["type"] == "text"):
                    raise refuse(400, "invalid_blocks")

    @staticmethod
    def _check_image(block: dict[str, Any]) -> None:
        if not block["image_url"].startswith(OPEN) or not 0 < _length(block["alt_text"]) <= 2000:
            raise refuse(400, "invalid_blocks")

    @staticmethod
    def _check_context(block: dict[str, Any]) -> None:
        if not 0 < len(block["elements"]) <= 10:
            raise refuse(400, "invalid_blocks")
