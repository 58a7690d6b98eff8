"""Parameters described once: signature, docstring and wire form of one attrs class."""

import inspect

import attrs
import pytest

from astria_async.protocol.options import (
    NOT_GIVEN,
    NotGiven,
    accepts,
    accepts_after,
    describe,
    described,
    option,
    wire_values,
)
from astria_async.protocol.params import NewTune


@attrs.frozen(kw_only=True)
class Order:
    """Parameters of a pretended endpoint."""

    size: str = attrs.field(metadata=described("Of the pizza."))
    topping: str | NotGiven | None = option("On the pizza. Default: cheese.")
    pieces: int | NotGiven = option("Slices.", wire="slice_count")
    hurry: bool = option("Whether we run.", default=False, local=True)


class Kitchen:
    """Something with methods."""

    @accepts(Order)
    def bake(self, order: Order) -> Order:
        """
        Bake it.

        Raises:
            ValueError: It burnt.
        """
        return order

    @accepts_after(Order)
    def bring(self, table: int, order: Order) -> tuple[int, Order]:
        """
        Bring it.

        Args:
            table: Where to.
        """
        return table, order

    @accepts(Order)
    def undocumented(self, order: Order) -> Order:
        return order


def test_only_what_was_given_is_sent() -> None:
    """A parameter that was left out is not sent, and one given as None is sent as null."""
    assert wire_values(Order(size="L")) == {"size": "L"}
    assert wire_values(Order(size="L", topping=None)) == {"size": "L", "topping": None}


def test_the_wire_has_its_own_names() -> None:
    """A parameter is sent under the name that the API has for it, a local one not at all."""
    assert wire_values(Order(size="L", pieces=8, hurry=True)) == {"size": "L", "slice_count": 8}


def test_not_given_is_false_and_reads_as_it_is_written() -> None:
    """NOT_GIVEN differs from None, is falsy, and shows in signatures by its name."""
    assert (bool(NOT_GIVEN), repr(NOT_GIVEN), NOT_GIVEN is not None) == (False, "NOT_GIVEN", True)


def test_descriptions_come_by_attribute() -> None:
    """Help texts are found by attribute name."""
    assert describe(Order)["pieces"] == "Slices."


def test_a_method_takes_the_fields_as_keywords() -> None:
    """A method that is written for one object is called with that object's fields."""
    assert Kitchen().bake(size="L", pieces=8) == Order(size="L", pieces=8)
    assert Kitchen().bring(3, size="L") == (3, Order(size="L"))


def test_a_ready_made_object_is_taken_too() -> None:
    """An object of the parameter class may stand for its keywords."""
    order = Order(size="L")

    assert Kitchen().bake(order) is order  # type: ignore[call-arg, arg-type]
    assert Kitchen().bring(3, order) == (3, order)  # type: ignore[call-arg, arg-type]


def test_an_unknown_keyword_is_a_type_error() -> None:
    """A misspelt parameter is refused by Python, by name."""
    with pytest.raises(TypeError, match="colour"):
        Kitchen().bake(size="L", colour="red")  # type: ignore[call-arg]


def test_the_signature_shows_every_parameter() -> None:
    """inspect, help() and editors see the fields, their types and their defaults."""
    signature = inspect.signature(Kitchen().bring)

    assert list(signature.parameters) == ["table", "size", "topping", "pieces", "hurry"]
    assert signature.parameters["topping"].default is NOT_GIVEN
    assert signature.parameters["table"].kind is inspect.Parameter.POSITIONAL_ONLY
    assert signature.return_annotation == tuple[int, Order]


def test_the_docstring_lists_every_parameter() -> None:
    """Arguments stand after the summary and before what is raised."""
    text = inspect.getdoc(Kitchen.bake) or ""

    assert text.index("Bake it.") < text.index("size: Of the pizza.") < text.index("Raises:")


def test_the_docstring_keeps_the_leading_argument() -> None:
    """The method's own argument stands in front of those of the class, under one heading."""
    text = inspect.getdoc(Kitchen.bring) or ""

    assert text.count("Args:") == 1
    assert text.index("table: Where to.") < text.index("size: Of the pizza.")


def test_a_method_without_docstring_still_lists_its_parameters() -> None:
    """The parameters are documented even where the method is not."""
    assert "pieces: Slices." in (inspect.getdoc(Kitchen.undocumented) or "")


def test_every_parameter_of_a_tune_is_described() -> None:
    """No parameter is without a text that ends as a sentence does."""
    texts = describe(NewTune)

    assert all(text.endswith((".", "…")) for text in texts.values())
    assert texts.keys() == attrs.fields_dict(NewTune).keys()
