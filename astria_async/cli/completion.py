"""``astria-async completion``: what teaches a shell the commands and their options."""

from typing import Literal

from astria_async.cli.exits import Exit
from astria_async.cli.terminal import put_line


def completion(shell: Literal["bash", "zsh", "fish", "powershell"], /) -> int:
    """
    Print a completion script; where it goes is up to the shell.

    bash: astria-async completion bash > ~/.local/share/bash-completion/completions/astria-async
    zsh: astria-async completion zsh > a directory in your fpath, as _astria-async
    fish: astria-async completion fish > ~/.config/fish/completions/astria-async.fish
    powershell: astria-async completion powershell >> $PROFILE

    Args:
        shell: Which shell it is for.
    """
    from astria_async.cli.app import build

    put_line(build().generate_completion(shell=shell))
    return Exit.OK
