"""Options made from the client's parameter classes."""

import inspect
from types import ModuleType
from typing import Any

import attrs
import pytest

from astria_async.cli.parameters import kind_of, options_of, read_into
from astria_async.protocol import account, packs, params
from astria_async.protocol.packs import PackRunParams
from astria_async.protocol.params import NewPrompt, NewTune


def classes(module: ModuleType) -> list[type]:
    """The parameter classes of a module."""
    found = [it for it in vars(module).values() if isinstance(it, type) and attrs.has(it)]
    return [it for it in found if it.__module__ == module.__name__]


CLASSES = [cls for module in (params, packs, account) for cls in classes(module)]


@pytest.mark.parametrize("cls", CLASSES)
def test_every_parameter_is_an_option(cls: Any) -> None:
    """Each field of each parameter class becomes an option, with its description as help."""
    options = {option.name: option for option in options_of(cls)}

    for field in attrs.fields(cls):
        shape = options[field.name].annotation.__metadata__[0]
        assert shape.help == field.metadata["description"]


def test_positional_first() -> None:
    """Fields that may stand without their names come first, then what is needed."""
    first, second, *others = options_of(NewTune, positional=["images"])

    assert (first.name, first.kind) == ("images", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    assert second.name == "name"
    assert {option.kind for option in others} == {inspect.Parameter.KEYWORD_ONLY}


def test_what_is_left_out_is_not_given() -> None:
    """Only what was typed reaches the parameter class."""
    given = {"text": "a hat", "seed": None, "film_grain": False, "metadata": ["a=1"]}

    assert read_into(NewPrompt, given) == {
        "text": "a hat",
        "film_grain": False,
        "metadata": {"a": "1"},
    }


def test_one_picture_or_many() -> None:
    """A field for one picture gets it bare, a field for many gets a list."""
    given = {"input_image": "https://a/b", "image_references": ["https://a/b"]}

    assert read_into(NewPrompt, given) == {
        "input_image": "https://a/b",
        "image_references": ["https://a/b"],
    }


def test_numbers() -> None:
    """Lists of ids are numbers; what a pack merges into prompts is read as JSON."""
    given = {"tune_ids": [1, 2], "prompt_attributes": ["num_images=2", "style=Line art"]}

    assert read_into(PackRunParams, given) == {
        "tune_ids": [1, 2],
        "prompt_attributes": {"num_images": 2, "style": "Line art"},
    }


def test_unknown_sort_of_parameter() -> None:
    """A type that no option can be made of is refused, not passed over."""
    with pytest.raises(TypeError, match="no option can be made of"):
        kind_of(complex)
