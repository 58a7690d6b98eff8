"""``/_sandbox/…``: what a test in another language does with the sandbox."""

from collections.abc import Callable, Mapping
from typing import Any

from astria_async.sandbox.control import fault_from_json, fault_to_json, plain, request_to_json
from astria_async.sandbox.refusals import invalid, not_found
from astria_async.sandbox.shelf import Shelf
from astria_async.sandbox.state import StateError
from astria_async.sandbox.views import stamp
from astria_async.sandbox.web.call import Call
from astria_async.sandbox.web.dispatch import Handler
from astria_async.sandbox.web.replies import Reply


async def status(call: Call) -> Reply:
    """The clock, and how much there is of everything."""
    world, control = call.services.world, call.services.control
    return Reply(
        {
            "now": stamp(world.now()),
            "speed": control.clock.speed,
            "revision": world.journal.revision,
            "counts": {shelf.name: len(shelf) for shelf in world.shelves},
        }
    )


async def advance(call: Call) -> Reply:
    """Move time ahead."""
    try:
        await call.services.control.advance(call.body["seconds"])
    except ValueError as error:
        raise invalid({"seconds": [str(error)]}) from None
    return await status(call)


async def set_speed(call: Call) -> Reply:
    """Let time run otherwise."""
    if call.body.get("speed") is not None:
        call.services.control.clock.speed = call.body["speed"]
    return await status(call)


async def reset(call: Call) -> Reply:
    """Begin anew."""
    await call.services.control.reset()
    return await status(call)


async def snapshot(call: Call) -> Reply:
    """All that is known."""
    return Reply(call.services.control.snapshot())


async def restore(call: Call) -> Reply:
    """Go back."""
    document = call.body["snapshot"]
    try:
        await call.services.control.restore(document if isinstance(document, dict) else {})
    except StateError as error:
        raise invalid({"snapshot": [str(error)]}) from None
    return await status(call)


async def list_faults(call: Call) -> Reply:
    """What is switched on."""
    return Reply([fault_to_json(active) for active in call.services.control.faults.active])


async def add_fault(call: Call) -> Reply:
    """Switch a fault on."""
    faults, value = call.services.control.faults, call.body["fault"]
    try:
        number = faults.add(fault_from_json(value if isinstance(value, dict) else {}))
    except ValueError as error:
        raise invalid({"fault": [str(error)]}) from None
    return Reply(next(fault_to_json(active) for active in faults.active if active.id == number))


async def clear_faults(call: Call) -> Reply:
    """Switch all off."""
    call.services.control.faults.clear()
    return Reply([])


async def remove_fault(call: Call) -> Reply:
    """Switch one off."""
    call.services.control.faults.remove(call.path_id("fault_id"))
    return await list_faults(call)


async def list_deliveries(call: Call) -> Reply:
    """Callbacks, the youngest first."""
    return Reply([plain(delivery) for delivery in reversed(call.services.control.deliveries)])


async def replay(call: Call) -> Reply:
    """Send one again."""
    delivery = _find(call.services.world.deliveries, call.path_id("delivery_id"))
    return Reply(plain(await call.services.control.replay(delivery)))


async def list_requests(call: Call) -> Reply:
    """The latest requests, the youngest first."""
    return Reply([request_to_json(r) for r in reversed(list(call.services.control.requests))])


async def list_ledger(call: Call) -> Reply:
    """All movements of money, the youngest first."""
    return Reply([plain(entry) for entry in call.services.world.ledger.newest()])


async def update_account(call: Call) -> Reply:
    """Change money and settings."""
    account = call.services.control.update_account(**call.body)
    return Reply({key: value for key, value in plain(account).items() if key != "key"})


async def fail_tune(call: Call) -> Reply:
    """End a training badly."""
    tune = _find(call.services.world.tunes, call.path_id("tune_id"))
    _fail(call, call.services.control.fail_tune, tune.id)
    return Reply(call.show_tune(call.services.world.tunes[tune.id]))


async def fail_prompt(call: Call) -> Reply:
    """End a generation badly."""
    prompt = _find(call.services.world.prompts, call.path_id("prompt_id"))
    _fail(call, call.services.control.fail_prompt, prompt.id)
    return Reply(call.show_prompt(call.services.world.prompts[prompt.id]))


def _fail(call: Call, fail: Callable[[int, str], None], number: int) -> None:
    try:
        fail(number, call.body.get("reason") or "The sandbox was told to fail this.")
    except ValueError as error:
        raise invalid({"base": [str(error)]}) from None


def _find(shelf: Shelf[Any], number: int) -> Any:
    record = shelf.get(number)
    if record is None:
        raise not_found()
    return record


CONTROL_HANDLERS: Mapping[str, Handler] = {
    "status": status,
    "advance": advance,
    "setSpeed": set_speed,
    "reset": reset,
    "snapshot": snapshot,
    "restore": restore,
    "listFaults": list_faults,
    "addFault": add_fault,
    "clearFaults": clear_faults,
    "removeFault": remove_fault,
    "listDeliveries": list_deliveries,
    "replay": replay,
    "listRequests": list_requests,
    "listLedger": list_ledger,
    "updateAccount": update_account,
    "failTune": fail_tune,
    "failPrompt": fail_prompt,
}
