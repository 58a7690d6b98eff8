"""The commands by name: what help shows, and where each is found once it is asked for."""

from typing import NamedTuple

from astria_async._version import __version__

PROGRAM = "astria-async"


class Command(NamedTuple):
    """
    One command.

    Attributes:
        name: As it is typed.
        target: Where it is, as ``module:attribute``; imported when it is run.
        summary: What it does, in a line.
    """

    name: str
    target: str
    summary: str


COMMANDS = (
    Command("tunes", "astria_async.cli.tunes:app", "Fine-tuned models: create, watch, download."),
    Command("prompts", "astria_async.cli.prompts:app", "Pictures from a tune: create, download."),
    Command("packs", "astria_async.cli.packs:app", "Template prompts: list them, run one."),
    Command("listen", "astria_async.cli.listening.command:listen", "Watch callbacks come in."),
    Command(
        "callbacks",
        "astria_async.cli.callbacks:app",
        "Callbacks that were kept: list, show, replay.",
    ),
    Command("store", "astria_async.cli.store:app", "Where those are kept: make it ready."),
    Command("doctor", "astria_async.cli.doctor.command:doctor", "Say what is set up wrongly."),
    Command("login", "astria_async.cli.account:login", "Keep your API key for these commands."),
    Command("logout", "astria_async.cli.account:logout", "Forget the key."),
    Command(
        "demo",
        "astria_async.cli.demo.command:demo",
        "Watch the main job run on this machine: no key, no network.",
    ),
    Command(
        "sandbox",
        "astria_async.cli.emulating.command:app",
        "Serve an emulator of the Astria API.",
    ),
    Command("completion", "astria_async.cli.completion:completion", "Teach your shell all this."),
)
"""In the order in which help shows them."""


def overview() -> str:
    """What ``astria-async --help`` prints."""
    width = max(len(command.name) for command in COMMANDS)
    commands = "\n".join(f"  {it.name:{width}}  {it.summary}" for it in COMMANDS)
    return (
        f"Usage: {PROGRAM} COMMAND [OPTIONS]\n\n"
        "Astria's fine-tuning API at the terminal, with an offline sandbox to try it on.\n\n"
        f"Commands:\n{commands}\n\n"
        "Options:\n"
        "  -h, --help  Show this, or with a command its options.\n"
        "  --version   Show the version.\n"
        "  --debug     Show the traceback of an error.\n\n"
        f"'{PROGRAM} COMMAND --help' tells more."
    )


def version() -> str:
    """What ``astria-async --version`` prints."""
    return f"{PROGRAM} {__version__}"
