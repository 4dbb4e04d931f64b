"""A personal data server as atproto.com/specs/xrpc and docs.bsky.app describe it: com.atproto.server.createSession and
refreshSession, com.atproto.repo.putRecord, getRecord, deleteRecord and uploadBlob, and the lexicon app.bsky.feed.post.

A real one runs in tests/e2e/test_bluesky.py; this one can fail on order.
"""

import hashlib
import re
from typing import Any

import regex

from syndication.stack.receiver import Reply, Request
from tests.remotes.remote import Problem, Remote, body_of, query_of, reply, route

_TID = re.compile(r"[234567abcdefghij][234567abcdefghijklmnopqrstuvwxyz]{12}")


def refuse(status: int, error: str, message: str = "") -> Problem:
    return Problem(status, {"error": error, "message": message or error})


class FakeBluesky(Remote):
    """One account on one server."""

    posting = r"POST /xrpc/com\.atproto\.repo\.putRecord"
    did = "did:plc:ewvi7nxzyoun6zhxrhs64oiz"
    handle = "coburg.bsky.social"
    password = "abcd-efgh-ijkl-mnop"

    def __init__(self) -> None:
        super().__init__()
        self.records: dict[str, dict[str, Any]] = {}
        self.blobs: dict[str, bytes] = {}
        self.sessions = 0
        self.ended: set[str] = set()
        #: Of each record (app.bsky.feed.defs#postView), where people did something.
        self.counts: dict[str, dict[str, Any]] = {}

    @property
    def copies(self) -> int:
        return len(self.records)

    def _session(self) -> Reply:
        self.sessions += 1
        number = self.sessions
        return reply(
            {
                "did": self.did,
                "handle": self.handle,
                "accessJwt": f"access{number}",
                "refreshJwt": f"refresh{number}",
            }
        )

    def end_session(self) -> None:
        """As after the two hours that an access token lives."""
        self.ended.add(f"access{self.sessions}")

    @route("POST /xrpc/com.atproto.server.createSession")
    def sign_in(self, request: Request) -> Reply:
        body = body_of(request)
        if (body["identifier"], body["password"]) != (self.handle, self.password):
            raise refuse(401, "AuthenticationRequired", "Invalid identifier or password")
        return self._session()

    @route("POST /xrpc/com.atproto.server.refreshSession")
    def refresh(self, request: Request) -> Reply:
        if request.headers.get("authorization") != f"Bearer refresh{self.sessions}":
            raise refuse(400, "ExpiredToken", "Token has expired")
        return self._session()

    def _signed_in(self, request: Request) -> None:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if token in self.ended:
            raise refuse(400, "ExpiredToken", "Token has expired")
        if token != f"access{self.sessions}":
            raise refuse(400, "InvalidToken", "Bad token")

    @route("POST /xrpc/com.atproto.repo.uploadBlob")
    def upload(self, request: Request) -> Reply:
        self._signed_in(request)
        if not request.headers.get("content-type", "").startswith("image/"):
            raise refuse(400, "InvalidMimeType")
        if len(request.body) > 1_000_000:
            raise refuse(413, "BlobTooLarge")
        cid = "bafkrei" + hashlib.sha256(request.body).hexdigest()[:52]
        self.blobs[cid] = request.body
        blob = {"$type": "blob", "ref": {"$link": cid}, "mimeType": "image/jpeg", "size": len(request.body)}
        return reply({"blob": blob})

    @route("POST /xrpc/com.atproto.repo.putRecord")
    def put(self, request: Request) -> Reply:
        self._signed_in(request)
        body = body_of(request)
        if body["repo"] != self.did or body["collection"] != "app.bsky.feed.post":
            raise refuse(400, "InvalidRequest", "unknown repo or collection")
        if not _TID.fullmatch(body["rkey"]):
            raise refuse(400, "InvalidRequest", "Invalid record key: not a TID")
        self._check(body["record"])
        self.records[body["rkey"]] = body["record"]
        uri = f"at://{self.did}/app.bsky.feed.post/{body['rkey']}"
        return reply({"uri": uri, "cid": "bafyrei", "validationStatus": "valid"})

    @route("GET /xrpc/com.atproto.repo.getRecord")
    def get(self, request: Request) -> Reply:
        rkey = query_of(request)["rkey"]
        if rkey not in self.records:
            raise refuse(400, "RecordNotFound")
        return reply({"uri": "at://x", "value": self.records[rkey]})

    @route("GET /xrpc/app.bsky.feed.getPosts")
    def posts(self, request: Request) -> Reply:
        """What stands in the index; the rest is left out."""
        self._signed_in(request)
        uri = query_of(request)["uris"]
        rkey = uri.removeprefix(f"at://{self.did}/app.bsky.feed.post/")
        if rkey not in self.records:
            return reply({"posts": []})
        counts = {"likeCount": 0, "repostCount": 0, "replyCount": 0, "quoteCount": 0}
        return reply({"posts": [{"uri": uri, "cid": "bafyrei", **counts, **self.counts.get(rkey, {})}]})

    @route("POST /xrpc/com.atproto.repo.deleteRecord")
    def delete(self, request: Request) -> Reply:
        self._signed_in(request)
        self.records.pop(body_of(request)["rkey"], None)
        return reply({})

    def _check(self, record: dict[str, Any]) -> None:
        """What the lexicon says of app.bsky.feed.post."""
        text = record["text"]
        if record["$type"] != "app.bsky.feed.post" or not re.fullmatch(r"\S+Z", record["createdAt"]):
            raise refuse(400, "InvalidRequest", "Invalid app.bsky.feed.post record")
        if len(regex.findall(r"\X", text)) > 300 or len(text.encode()) > 3000:
            raise refuse(400, "InvalidRequest", "Record/text must not be longer than 300 graphemes")
        for facet in record.get("facets", []):
            self._check_facet(facet, text.encode())
        embed = record.get("embed", {})
        for image in embed.get("images", []):
            if image["image"]["ref"]["$link"] not in self.blobs or not isinstance(image["alt"], str):
                raise refuse(400, "InvalidRequest", "Could not find blob")
        if len(embed.get("images", [])) > 4:
            raise refuse(400, "InvalidRequest", "Record/embed/images must not have more than 4 elements")
        if external := embed.get("external"):
            assert set(external) >= {"uri", "title", "description"}

    def _check_facet(self, facet: dict[str, Any], text: bytes) -> None:
        start, end = facet["index"]["byteStart"], facet["index"]["byteEnd"]
        try:
            shown = text[start:end].decode()
        except UnicodeDecodeError as error:
            raise refuse(400, "InvalidRequest", "facet within a character") from error
        (feature,) = facet["features"]
        if not shown or not 0 <= start < end <= len(text):
            raise refuse(400, "InvalidRequest", "facet out of range")
        if feature["$type"].endswith("#tag") and shown != f"#{feature['tag']}":
            raise refuse(400, "InvalidRequest", "facet names another tag than it covers")
