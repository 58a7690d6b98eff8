"""The program under test, as a user of the package might have it."""

import attrs

from astria_async import Astria, Prompt, PromptFailed, TuneFailed

PHOTO = b"\xff\xd8\xff\xe0 a photograph, as far as the sandbox looks"


class NoPortraitError(Exception):
    """Told to the customer."""


@attrs.define
class Studio:
    """Makes portraits, and keeps a list of who got one."""

    astria: Astria
    customers: list[str] = attrs.field(factory=list)

    async def portrait(self, customer: str) -> Prompt:
        """A portrait of a customer."""
        tune = await self.astria.tunes.create(
            name="woman", images=[PHOTO], title=f"portrait of {customer}"
        )
        try:
            tune = await tune.wait_ready()
            prompt = await tune.prompts.create("portrait of ohwx woman", num_images=1)
            prompt = await prompt.wait_ready()
        except (TuneFailed, PromptFailed) as error:
            raise NoPortraitError(error.reason) from error
        self.customers.append(customer)
        return prompt
