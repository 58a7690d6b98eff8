"""``astria.prompts``."""

import attrs

from astria_async.protocol import calls
from astria_async.protocol.models import Prompt, Tune
from astria_async.protocol.options import accepts, accepts_after
from astria_async.protocol.paging import Pager
from astria_async.protocol.params import NewPrompt, PromptChanges, PromptFilters, PromptOverrides
from astria_async.resources.core import Core
from astria_async.resources.drafts import Draft, draft


@attrs.frozen(eq=False)
class Prompts:
    """Generation jobs (docs.astria.ai/docs/api/prompt)."""

    _core: Core

    @accepts_after(NewPrompt)
    async def create(self, tune: Tune | int, params: NewPrompt) -> Prompt:
        """
        Create a prompt; it is created once, whatever the network does, and runs when its tune is
        trained.

        Args:
            tune: The tune, or its id; gallery models work too, such as 1504944 (Flux1.dev).

        Raises:
            InvalidInput: A parameter can never be right, or a file cannot be read; nothing was
                sent.
            ValidationError: The server refused a parameter; ``.errors`` says which.
            PaymentRequired: The balance does not suffice.
            OutcomeUnknown: Whether it was created could not be settled.
        """
        tune_id = tune.id if isinstance(tune, Tune) else tune
        return await self._core.create_prompt(tune_id, params)

    @accepts_after(NewPrompt)
    def draft(self, tune: Tune | int, params: NewPrompt) -> Draft:
        """
        The request that :meth:`create` would send, to look at; nothing is sent or opened.

        Args:
            tune: The tune, or its id.
        """
        tune_id = tune.id if isinstance(tune, Tune) else tune
        call, _ = self._core.creator.prompt_call(tune_id, params)
        return draft(call)

    async def get(self, prompt_id: int) -> Prompt:
        """
        One prompt.

        Raises:
            NotFound: There is none, or no longer.
        """
        return self._core.read(Prompt, await self._core.send(calls.get_one("prompt", prompt_id)))

    @accepts(PromptFilters)
    def list(self, filters: PromptFilters) -> Pager[Prompt]:
        """The account's prompts, newest first."""
        return self._core.list_prompts(None, filters)

    @accepts_after(PromptChanges)
    async def update(self, prompt_id: int, changes: PromptChanges) -> Prompt:
        """
        Change some fields of a prompt; the prompt as the API then gives it.

        Args:
            prompt_id: Its id.

        Raises:
            NotFound: There is none.
        """
        reply = await self._core.send(calls.update_prompt(prompt_id, changes))
        return self._core.read(Prompt, reply)

    @accepts_after(PromptOverrides)
    async def duplicate(self, prompt: Prompt | int, params: PromptOverrides) -> Prompt:
        """
        Copy a prompt with some of its fields changed; the new prompt.

        Args:
            prompt: The original, or its id.

        Raises:
            NotFound: There is none.
            OutcomeUnknown: Whether the copy was made could not be settled.
        """
        prompt_id = prompt.id if isinstance(prompt, Prompt) else prompt
        return await self._core.creator.duplicate(prompt_id, params)

    async def like(self, prompt: Prompt | int) -> None:
        """Like a prompt; the template that it came from is credited too."""
        await self._core.like(prompt.id if isinstance(prompt, Prompt) else prompt, liked=True)

    async def unlike(self, prompt: Prompt | int) -> None:
        """Take a like back."""
        await self._core.like(prompt.id if isinstance(prompt, Prompt) else prompt, liked=False)

    async def delete(self, prompt_id: int) -> None:
        """Delete a prompt; one that is gone already counts as deleted."""
        await self._core.delete_id("prompt", prompt_id)
