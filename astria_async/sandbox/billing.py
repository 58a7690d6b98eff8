"""The account's money: charges, refunds, automatic top-off, and the ledger of all of them."""

import datetime as dt

from astria_async.sandbox.records import Account, Entry
from astria_async.sandbox.refusals import payment_required
from astria_async.sandbox.world import World

MC_PER_USD = 100_000
TOP_OFFS_PER_DAY = 3
_DAY = dt.timedelta(days=1)


class Billing:
    """
    Moves money, each time with a line in the ledger.

    Args:
        world: Where accounts and ledger are.
    """

    def __init__(self, world: World) -> None:
        self._world = world

    def charge(self, account_id: int, amount_mc: int, subject: str, at: dt.datetime) -> None:
        """
        Take *amount_mc* from the balance.

        Raises:
            Refusal: 402, with nothing taken.
        """
        if amount_mc == 0:
            return
        self.require(account_id, amount_mc, at)
        account = self._world.accounts[account_id]
        self._move(account, "charge", -amount_mc, at, subject)
        # Astria refills when the balance reaches zero, not only when it is too small.
        if account.balance_mc == amount_mc:
            self._top_off(self._world.accounts[account_id], at)

    def require(self, account_id: int, amount_mc: int, at: dt.datetime) -> None:
        """
        See to it that the balance holds *amount_mc*, topping it off where the account says so.

        Raises:
            Refusal: 402.
        """
        account = self._world.accounts[account_id]
        while account.balance_mc < amount_mc and self._top_off(account, at):
            account = self._world.accounts[account_id]
        if account.balance_mc < amount_mc:
            raise payment_required(amount_mc, account.balance_mc)

    def refund(self, account_id: int, amount_mc: int, subject: str, at: dt.datetime) -> None:
        """Give back what a job that failed had cost."""
        if amount_mc:
            self._move(self._world.accounts[account_id], "refund", amount_mc, at, subject)

    def deposit(self, account_id: int, amount_mc: int, at: dt.datetime, note: str) -> None:
        """Add money (or take it, if negative) by hand."""
        self._move(self._world.accounts[account_id], "deposit", amount_mc, at, None, note)

    def _top_off(self, account: Account, at: dt.datetime) -> bool:
        if not account.top_off_amount:
            return False
        recent = [
            entry
            for entry in self._world.ledger
            if entry.account_id == account.id and entry.kind == "top_off" and entry.at > at - _DAY
        ]
        if len(recent) >= TOP_OFFS_PER_DAY:
            self._move(account, "top_off_limited", 0, at, None, "too many top-offs in a day")
            return False
        if account.card_declines:
            self._move(account, "top_off_declined", 0, at, None, "the card was declined")
            return False
        self._move(account, "top_off", account.top_off_amount * MC_PER_USD, at, None)
        return True

    def _move(
        self,
        account: Account,
        kind: str,
        amount_mc: int,
        at: dt.datetime,
        subject: str | None,
        note: str | None = None,
    ) -> None:
        balance = account.balance_mc + amount_mc
        self._world.accounts.change(account.id, balance_mc=balance)
        self._world.ledger.put(
            Entry(
                id=self._world.ledger.next_id(),
                account_id=account.id,
                at=at,
                kind=kind,
                amount_mc=amount_mc,
                balance_mc=balance,
                subject=subject,
                note=note,
            )
        )
