"""``/users``: the account behind the key."""

from astria_async.sandbox.web.call import Call
from astria_async.sandbox.web.replies import Reply


async def show(call: Call) -> Reply:
    """``GET /users``: who the key belongs to, and who pays in the chosen workspace."""
    account, payer = call.account, call.payer
    return Reply(
        {
            "id": account.id,
            "name": account.name,
            "email": account.email,
            "usd_balance_mc": account.balance_mc,
            "auto_extend_tunes": account.auto_extend_tunes,
            "top_off_amount": account.top_off_amount,
            "purchased_plugin_at": None,
            "payer": {
                "id": payer.id,
                "name": payer.name,
                "self": payer.id == account.id,
                "usd_balance_mc": payer.balance_mc,
            },
        }
    )
