"""What people reported: what waits for the town hall, and one report with its decision."""

from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from syndication.accounts import reports
from syndication.accounts.people import Account
from syndication.errors import Conflict, Invalid
from syndication.infra.reasons import translated_error
from syndication.publishing import posts
from syndication.web import signed_in
from syndication.web.desk.forms import LongForm
from syndication.web.desk.frame import desk_page, onward
from syndication.web.desk.log_words import named
from syndication.web.signed_in import Visitor

router = APIRouter(prefix="/desk/city/reports", dependencies=[Depends(signed_in.allowed)])


@router.get("")
def waiting(request: Request, known: Visitor) -> Response:
    """What waits for a decision, the oldest first."""
    return desk_page(request, known, "reports.html", waiting=reports.waiting())


@router.get("/{report_id}")
def report(request: Request, known: Visitor, report_id: UUID, done: str = "") -> Response:
    """What somebody wrote, about which post, and the buttons. Raises NotFound."""
    return _page(request, known, report_id, done=done == "1")


@router.post("/{report_id}")
def keep(request: Request, known: Visitor, report_id: UUID, form: LongForm) -> Response:
    """The post stays; or the page again, with what is wrong, or with who was faster."""
    because = form.get("because", "")
    try:
        reports.keep(report_id, because, tell_owners="tell" in form)
    except Invalid as error:
        faults = {one.field: translated_error(one.message, known.language) for one in error.faults}
        return _page(request, known, report_id, because=because, faults=faults, status=422)
    except Conflict as error:
        faults = {"form": translated_error(str(error), known.language)}
        return _page(request, known, report_id, because=because, faults=faults, status=409)
    return onward("/desk/city/reports", str(report_id), done="1")


def _page(
    request: Request,
    known: Account,
    report_id: UUID,
    *,
    because: str = "",
    faults: dict[str, str] | None = None,
    done: bool = False,
    status: int = 200,
) -> Response:
    one = reports.read(report_id)
    return desk_page(
        request,
        known,
        "report.html",
        status=status,
        one=one,
        content=posts.read(one.post_id).content,
        decided_by=named(one.decided_by, known.language),
        because=because,
        faults=faults or {},
        done=done,
    )
