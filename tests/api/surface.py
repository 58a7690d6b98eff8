"""The data file as values: what Astria's API consists of, row by row."""

import re
import tomllib
from functools import cache
from pathlib import Path

import attrs

DATA = Path(__file__).with_name("surface.toml")


@attrs.frozen(kw_only=True)
class Row:
    """
    One endpoint, parameter, field or rule.

    Attributes:
        group: What it belongs to: ``endpoints``, or the table's name.
        name: Its own name.
        client: Where the client has it: a verb, a model, or a test.
        no_client: Why the client has it not.
        sandbox: The test that shows a rule in the sandbox.
        no_sandbox: Why the sandbox has it not.
    """

    group: str
    name: str
    client: str = ""
    no_client: str = ""
    sandbox: str = ""
    no_sandbox: str = ""


@attrs.frozen(kw_only=True)
class Table:
    """
    Rows that belong together.

    Attributes:
        of: What they are parameters or fields of.
        to: The endpoint that takes the parameters.
        root: The name under which they are sent; empty for the top level.
        client: The model that has the fields.
    """

    of: str
    rows: tuple[Row, ...]
    to: str = ""
    root: str = ""
    client: str = ""

    @property
    def names(self) -> set[str]:
        return {row.name for row in self.rows}


@attrs.frozen(kw_only=True)
class Surface:
    """Everything."""

    endpoints: tuple[Row, ...]
    parameters: tuple[Table, ...]
    fields: tuple[Table, ...]
    rules: tuple[Row, ...]

    @property
    def rows(self) -> tuple[Row, ...]:
        """All of them."""
        tables = (*self.parameters, *self.fields)
        named = [row for table in tables for row in table.rows]
        return (*self.endpoints, *named, *self.rules)

    def parameter_tables(self, call: str) -> list[Table]:
        return [table for table in self.parameters if shape(table.to) == shape(call)]


def shape(call: str) -> str:
    """A method and path, whatever its ids are called and however it is spelt."""
    return re.sub(r":\w+", ":id", call.removesuffix(".json"))


@cache
def surface() -> Surface:
    with DATA.open("rb") as file:
        raw = tomllib.load(file)
    return Surface(
        endpoints=tuple(
            Row(group="endpoints", name=it["call"], **_told(it)) for it in raw["endpoint"]
        ),
        parameters=tuple(_table(it) for it in raw["parameters"]),
        fields=tuple(_table(it) for it in raw["fields"]),
        rules=tuple(Row(group=it["of"], name=it["rule"], **_told(it)) for it in raw["rule"]),
    )


def _told(raw: dict[str, str]) -> dict[str, str]:
    keys = ("client", "no_client", "sandbox", "no_sandbox")
    return {key: raw[key] for key in keys if key in raw}


def _table(raw: dict[str, object]) -> Table:
    of, client = str(raw["of"]), str(raw.get("client", ""))
    exceptions = {key: raw.get(key, {}) for key in ("no_client", "no_sandbox")}
    names = str(raw["names"]).split()
    unknown = {name for reasons in exceptions.values() for name in reasons} - set(names)  # type: ignore[attr-defined]
    assert not unknown, f"{of}: exceptions for what is not listed: {unknown}"
    rows = tuple(
        Row(
            group=of,
            name=name,
            client=client,
            **{key: why[name] for key, why in exceptions.items() if name in why},  # type: ignore[operator, index]
        )
        for name in names
    )
    return Table(
        of=of, rows=rows, to=str(raw.get("to", "")), root=str(raw.get("root", "")), client=client
    )
