"""A user's suite under unittest, without pytest."""

from portraits import NoPortraitError, Studio

from astria_async.testing import AstriaTestCase, JobFault


class TestPortraits(AstriaTestCase):
    async def asyncSetUp(self) -> None:
        await super().asyncSetUp()
        self.studio = Studio(self.astria)

    async def test_portrait(self) -> None:
        """A portrait is one training and one picture, and each calls back."""
        prompt = await self.studio.portrait("Ada")
        await self.sandbox.settle()

        self.assertTrue(prompt.is_ready)
        self.assertEqual([it.status for it in self.sandbox.deliveries], [204, 204])

    async def test_failed_training(self) -> None:
        """A training that fails ends in our own error."""
        self.sandbox.faults.add(JobFault(kind="tune", reason="No face."))

        with self.assertRaisesRegex(NoPortraitError, "No face"):
            await self.studio.portrait("Ada")


class TestPolling(AstriaTestCase):
    sandbox_settings = {"balance": 5}
    client_options = {"receiver": None}

    async def test_portrait(self) -> None:
        """Without a receiver the portrait comes by polling."""
        await Studio(self.astria).portrait("Ada")

        self.assertEqual(self.sandbox.deliveries, [])
        self.assertLess(self.sandbox.account.balance_mc, 500_000)
