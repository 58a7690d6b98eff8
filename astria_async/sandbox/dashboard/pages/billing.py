"""Billing: the balance, where it went, and how it is filled up."""

from decimal import Decimal

from starlette.exceptions import HTTPException
from starlette.requests import Request

from astria_async.sandbox.billing import TOP_OFFS_PER_DAY
from astria_async.sandbox.dashboard.desk import Desk
from astria_async.sandbox.dashboard.formats import MC_PER_USD
from astria_async.sandbox.dashboard.forms import Answers, read_form
from astria_async.sandbox.dashboard.listing import number, window
from astria_async.sandbox.dashboard.page import Gone, Page
from astria_async.sandbox.dashboard.paths import path
from astria_async.sandbox.records import Account

PAGE_SIZE = 50
_MOST = Decimal(1_000_000)
_CENT_TENTHS = Decimal("0.00001")


async def show(request: Request, desk: Desk) -> Page:
    """An account's money; ``account`` is its id."""
    return _page(request, desk, _account(desk, request.query_params.get("account")))


async def top_up(request: Request, desk: Desk) -> Page | Gone:
    """Add to the balance, or take from it."""
    form = await read_form(request)
    account = _account(desk, form.get("account"))
    answers = Answers(form)
    amount = answers.amount("amount", -_MOST, _MOST)
    if amount is None and not answers.errors:
        answers.errors["amount"] = "How much, in USD."
    if amount is None or answers.errors:
        return _page(request, desk, account, form, answers.errors)
    amount_mc = int((amount / _CENT_TENTHS).to_integral_value())
    note = answers.text("note", "by hand")
    desk.services.billing.deposit(account.id, amount_mc, desk.world.now(), note)
    await desk.services.commit()
    return Gone(path("billing", account=account.id), "topped-up")


async def save(request: Request, desk: Desk) -> Page | Gone:
    """Change automatic top-off and extension, and whether the card works."""
    form = await read_form(request)
    account = _account(desk, form.get("account"))
    answers = Answers(form)
    amount = answers.whole("top_off_amount", 0, int(_MOST))
    if answers.errors:
        return _page(request, desk, account, form, answers.errors)
    desk.world.accounts.change(
        account.id,
        top_off_amount=amount or None,
        card_declines=answers.flag("card_declines"),
        auto_extend_tunes=answers.flag("auto_extend_tunes"),
    )
    await desk.services.commit()
    return Gone(path("billing", account=account.id), "billing-saved")


def _account(desk: Desk, text: str | None) -> Account:
    account = desk.account() if not text else desk.account(number(text) or 0)
    if account is None:
        raise HTTPException(404)
    return account


def _page(
    request: Request,
    desk: Desk,
    account: Account,
    form: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
) -> Page:
    entries = (entry for entry in desk.world.ledger.newest() if entry.account_id == account.id)
    return Page(
        template="billing",
        title="Billing",
        section="billing",
        parts=("balance", "ledger"),
        status=422 if errors else 200,
        context={
            "account": account,
            "accounts": list(desk.accounts()),
            "found": window(entries, request, lambda entry: entry.id, PAGE_SIZE),
            "top_offs_per_day": TOP_OFFS_PER_DAY,
            "mc_per_usd": MC_PER_USD,
            "form": form or {},
            "errors": errors or {},
        },
    )
