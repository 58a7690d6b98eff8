"""What every object of the API has in common: equality, pickling, to_dict, its client."""

import datetime as dt
import pickle
from typing import Any

import attrs
import pytest

from astria_async.protocol.codec import structure
from astria_async.protocol.errors import ClientClosed
from astria_async.protocol.models import Job, Prompt, Resource, Tune
from astria_async.protocol.models.tune import TunePrompts
from astria_async.protocol.options import accepts
from astria_async.protocol.paging import Pager, PageRequest
from astria_async.protocol.params import NewPrompt, PromptChanges, PromptOverrides, TuneChanges

pytestmark = pytest.mark.anyio
NOW = dt.datetime(2025, 3, 10, tzinfo=dt.UTC)


@attrs.define(eq=False)
class Client:
    """The client's side of objects, which writes down what it was asked."""

    asked: list[tuple[Any, ...]] = attrs.field(factory=list)

    def now(self) -> dt.datetime:
        return NOW

    async def refresh(self, obj: Any) -> Any:
        self.asked.append(("refresh", obj.id))
        return obj

    async def wait_ready(self, obj: Any, **options: Any) -> Any:
        self.asked.append(("wait_ready", obj.id, options))
        return obj

    async def update(self, obj: Any, changes: attrs.AttrsInstance) -> Any:
        self.asked.append(("update", obj.id, changes))
        return obj

    async def delete(self, obj: Resource) -> None:
        self.asked.append(("delete", obj.id))

    async def create_prompt(self, tune_id: int, params: NewPrompt) -> Prompt:
        self.asked.append(("create_prompt", tune_id, params))
        return Prompt(id=1, tune_id=tune_id)

    async def duplicate_prompt(self, prompt_id: int, params: PromptOverrides) -> Prompt:
        self.asked.append(("duplicate_prompt", prompt_id, params))
        return Prompt(id=prompt_id + 1)

    async def like(self, prompt_id: int, *, liked: bool) -> None:
        self.asked.append(("like", prompt_id, liked))

    def list_prompts(self, tune_id: int, filters: Any) -> Pager[Prompt]:
        self.asked.append(("list_prompts", tune_id, filters.text))

        async def fetch(_: PageRequest) -> list[Prompt]:
            return []

        return Pager(fetch, key=lambda prompt: prompt.id, start=PageRequest(limit=20))

    async def download(
        self, obj: Any, urls: Any, directory: Any, stem: str, *, on_progress: Any
    ) -> list[Any]:
        self.asked.append(("download", urls(obj), directory, stem, on_progress))
        return []


@pytest.fixture
def client() -> Client:
    return Client()


def test_to_dict_is_exactly_what_came(tune_json: dict[str, Any]) -> None:
    """Every key comes back as it was received, in its order, known or not."""
    tune_json |= {"brand_new": {"deep": [1, "2"]}, "cfg": "3.0"}

    found = structure(Tune, tune_json).to_dict()

    assert found == tune_json
    assert list(found) == list(tune_json)


def test_changing_the_dict_changes_nothing_here(tune_json: dict[str, Any]) -> None:
    """to_dict gives a copy, down to the last list."""
    tune = structure(Tune, tune_json)

    tune.to_dict()["orig_images"].clear()

    assert len(tune.to_dict()["orig_images"]) == 2


def test_equality_ignores_client_and_request(tune_json: dict[str, Any], client: Client) -> None:
    """Two looks at the same state are equal, whoever fetched them, and hash alike."""
    one = structure(Tune, tune_json, binding=client, request_id="r-1")
    other = structure(Tune, tune_json, request_id="r-2")

    assert one == other
    assert hash(one) == hash(other)
    assert one != structure(Tune, {**tune_json, "brand_new": 1})


@pytest.mark.parametrize("kind", ["tune", "prompt"])
def test_a_pickle_loses_the_client_and_nothing_else(
    kind: str, tune_json: dict[str, Any], prompt_json: dict[str, Any], client: Client
) -> None:
    """An object goes to another process whole, but for the way to its client."""
    raw, cls = (tune_json, Tune) if kind == "tune" else (prompt_json, Prompt)
    obj = structure(cls, {**raw, "brand_new": 1}, binding=client, request_id="r-1")

    restored = pickle.loads(pickle.dumps(obj))

    assert restored == obj
    assert (restored.to_dict(), restored.request_id) == (obj.to_dict(), "r-1")
    with pytest.raises(ClientClosed, match=rf"astria\.{kind}s\.get\({obj.id}\)"):
        assert restored.bound


def test_nothing_secret_is_in_a_repr(
    tune_json: dict[str, Any], prompt_json: dict[str, Any]
) -> None:
    """A repr tells what an object is, and no address: those may carry signatures."""
    shown = repr(structure(Tune, {**tune_json, "ckpt_url": "https://x?sig=s"}))
    shown += repr(structure(Prompt, prompt_json))

    assert "https://" not in shown
    assert "2900417" in shown
    assert "images=<2>" in shown


def test_objects_are_frozen(tune_json: dict[str, Any]) -> None:
    """What the API said does not change."""
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        structure(Tune, tune_json).title = "other"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("callback", "metadata"),
    [
        ("https://h.example/a?user_id=7&kind=tune&wait=w&sig=s", {"user_id": "7"}),
        (
            "https://h.example/a?name=J%C3%BCrgen+A&empty=&kind=tune",
            {"name": "Jürgen A", "empty": ""},
        ),
        ("https://h.example/a", {}),
        ("https://[broken", {}),
        (None, {}),
    ],
)
def test_metadata_is_read_from_the_callback(callback: str | None, metadata: dict[str, str]) -> None:
    """Metadata is known of any object, also after a restart, and without our own parameters."""
    assert Tune(id=1, callback=callback).metadata == metadata


async def test_verbs_reach_the_client(client: Client) -> None:
    """refresh, delete and wait_ready are the client's work."""
    tune = Tune(id=7, binding=client)

    await tune.refresh()
    await tune.wait_ready(timeout=5)
    await tune.delete()

    options = {"timeout": 5, "deadline": None, "on_progress": None}
    assert client.asked == [("refresh", 7), ("wait_ready", 7, options), ("delete", 7)]


async def test_changes_are_keywords(client: Client) -> None:
    """update takes what can be changed of a tune or of a prompt."""
    await Tune(id=7, binding=client).update(title="New")
    await Prompt(id=8, binding=client).update(pack_id=None)

    assert client.asked == [
        ("update", 7, TuneChanges(title="New")),
        ("update", 8, PromptChanges(pack_id=None)),
    ]


async def test_a_tune_makes_and_lists_its_prompts(client: Client) -> None:
    """tune.prompts creates on this tune and lists what belongs to it."""
    tune = Tune(id=7, binding=client)

    prompt = await tune.prompts.create("a cat", num_images=2)
    found = await tune.prompts.list(text="cat").collect()

    assert (prompt.tune_id, found) == (7, [])
    assert client.asked == [
        ("create_prompt", 7, NewPrompt("a cat", num_images=2)),
        ("list_prompts", 7, "cat"),
    ]


async def test_a_prompt_is_copied_and_liked(client: Client) -> None:
    """duplicate takes what is different; a like can be taken back."""
    prompt = Prompt(id=8, binding=client)

    copy = await prompt.duplicate(seed=1)
    await prompt.like()
    await prompt.unlike()

    assert copy.id == 9
    assert client.asked == [
        ("duplicate_prompt", 8, PromptOverrides(seed=1)),
        ("like", 8, True),
        ("like", 8, False),
    ]


async def test_downloads_name_their_files(client: Client) -> None:
    """Results are called by the prompt's id, weights by the tune's."""
    await Prompt(id=8, images=("https://x/1",), binding=client).download("out")
    await Tune(id=7, ckpt_url="https://x/2", binding=client).download_checkpoint("out")

    assert client.asked == [
        ("download", ("https://x/1",), "out", "8", None),
        ("download", ("https://x/2",), "out", "tune-7", None),
    ]


@pytest.mark.parametrize("verb", ["refresh", "wait_ready", "delete"])
async def test_an_unbound_object_says_how_to_get_a_bound_one(verb: str) -> None:
    """An object made by hand has no client, and tells so before anything else."""
    with pytest.raises(ClientClosed, match=r"fetch it with astria\.prompts\.get\(8\)"):
        await getattr(Prompt(id=8), verb)()


def test_time_is_the_clients(client: Client) -> None:
    """Expiry goes by the clock of the client that fetched the object."""
    trained = NOW - dt.timedelta(days=40)

    bound = Tune(id=7, trained_at=trained, expires_at=NOW - dt.timedelta(days=1), binding=client)

    assert bound.status == "expired"
    assert attrs.evolve(bound, expires_at=NOW + dt.timedelta(days=1)).status == "ready"


def test_the_helper_behind_tunes_is_itself_a_value() -> None:
    """tune.prompts of equal tunes are equal."""
    assert Tune(id=7).prompts == TunePrompts(Tune(id=7))
    assert callable(accepts(NewPrompt))
    assert issubclass(Tune, Job)
