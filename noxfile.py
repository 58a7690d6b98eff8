"""
Every check of the project: ``nox`` runs all, ``nox -s tests`` one, ``nox -l`` lists them.

Each session makes a fresh environment, with uv where that is installed, and checks what a user
gets: the package is installed as a wheel, and no session imports it from the working tree.
"""

import json
import os
import pathlib
import shutil
from typing import Any

import nox

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.error_on_missing_interpreters = True
nox.options.sessions = ["lint", "types", "docs", "site", "build", "tests"]

# uv has certificates of its own unless told so, and a company's are the system's.
os.environ.setdefault("UV_SYSTEM_CERTS", "true")

ROOT = pathlib.Path(__file__).parent
JPEG = b"\xff\xd8\xff"
# Tests wait for processes and sockets about as long as they compute.
PARALLEL = (f"--numprocesses={min(8, 2 * (os.cpu_count() or 1))}", "--dist=worksteal")
PROJECT = nox.project.load_toml("pyproject.toml")


def group(name: str) -> list[str]:
    """The requirements of a dependency group."""
    return list(nox.project.dependency_groups(PROJECT, name))


@nox.session
def lint(session: nox.Session) -> None:
    """Style, formatting, a rule in each test's docstring, and the layers of the architecture."""
    session.install(*group("lint"), ".")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("interrogate", "tests")
    session.run("lint-imports")


@nox.session
def types(session: nox.Session) -> None:
    """Two type checkers, and the completeness of the types that users see."""
    session.install(*group("typing"), *group("tests"), ".[all]", "nox")
    session.run("mypy")
    session.run("mypy", "--strict", "tests/typing/api.py", "examples", "noxfile.py")
    session.run("pyright")
    # From elsewhere, so that the installed package is looked at, with its py.typed.
    session.chdir(session.create_tmp())
    session.run("pyright", "--ignoreexternal", "--verifytypes", "astria_async")


@nox.session
def docs(session: nox.Session) -> None:
    """Every code block of README, docs and docstrings, run."""
    session.install(*group("tests"), ".[all]")
    session.run("pytest", "README.md", "docs", "astria_async", *session.posargs)


@nox.session
def site(session: nox.Session) -> None:
    """The documentation as pages, with no warning and no link that leads nowhere."""
    session.install(*group("docs"), ".[all]")
    session.run("zensical", "build", "--clean", "--strict", env={"NO_COLOR": "1"})
    session.run("python", "docs/reference/check_site.py", "site")


@nox.session
def build(session: nox.Session) -> None:
    """Build sdist and wheel, twice alike; install the wheel elsewhere, and run its demo."""
    session.install("build", "twine", "check-wheel-contents")
    folder = pathlib.Path(session.create_tmp()).absolute()
    dist, again = folder / "dist", folder / "again"
    for out in (dist, again):
        shutil.rmtree(out, ignore_errors=True)
        session.run("python", "-m", "build", "--outdir", str(out), str(ROOT))
    for built in dist.iterdir():
        if built.read_bytes() != (again / built.name).read_bytes():
            session.error(f"{built.name} is not the same when it is built again")
    session.run("twine", "check", "--strict", *map(str, dist.iterdir()))
    (wheel,) = dist.glob("*.whl")
    session.run("check-wheel-contents", str(wheel))

    session.chdir(dist)
    session.run("python", "-m", "venv", "clean")
    clean = dist / "clean" / ("Scripts" if os.name == "nt" else "bin")
    session.run(
        str(clean / "python"), "-m", "pip", "install", "--quiet", f"{wheel}[cli,sandbox]",
        external=True,
    )  # fmt: skip
    said = session.run(
        str(clean / "astria-async"), "demo", "--json", "--out", "pictures",
        external=True, silent=True, stderr=None,
    )  # fmt: skip
    _check_demo(session, json.loads(str(said)))


def _check_demo(session: nox.Session, summary: dict[str, Any]) -> None:
    """Hold what the demo says against what is on disk; end the session where they differ."""
    jobs = [summary["tune_id"], *summary["prompt_ids"]]
    pictures = [pathlib.Path(name) for name in (*summary["files"], summary["contact_sheet"])]
    broken = [path.name for path in pictures if path.read_bytes()[:3] != JPEG]
    if broken or len(pictures) <= len(jobs):
        session.error(f"of {len(pictures)} pictures these are no JPEG: {broken}")
    if sorted(it["id"] for it in summary["callbacks"]) != sorted(jobs):
        session.error(f"not every job was told by a callback: {summary['found_by']}")
    session.log(
        f"the installed demo made {len(pictures)} pictures and got {len(jobs)} callbacks "
        f"in {summary['seconds']['total']:.1f} s"
    )


@nox.session
def tests(session: nox.Session) -> None:
    """The tests, with the branches they cover counted, in subprocesses too."""
    session.install(*group("tests"), ".[all]")
    session.run("coverage", "erase")
    # The script rather than -m: that would put the working tree in front of the installed package.
    pytest = shutil.which("pytest", path=session.bin)
    session.run("coverage", "run", str(pytest), *PARALLEL, *session.posargs)
    if not session.posargs:
        session.run("coverage", "combine", "--quiet")
        session.run("coverage", "report")


@nox.session
def bom(session: nox.Session) -> None:
    """A software bill of materials (CycloneDX) of the package with all of its extras."""
    session.install("cyclonedx-bom")
    folder = pathlib.Path(session.create_tmp()).absolute()
    shutil.rmtree(folder / "all", ignore_errors=True)
    session.run("python", "-m", "venv", str(folder / "all"))
    python = folder / "all" / ("Scripts" if os.name == "nt" else "bin") / "python"
    session.run(str(python), "-m", "pip", "install", "--quiet", f"{ROOT}[all]", external=True)
    made = str(folder / "astria-async.cdx.json")
    session.run(
        "cyclonedx-py", "environment", "--pyproject", str(ROOT / "pyproject.toml"),
        "--output-reproducible", "--output-file", made, str(python),
    )  # fmt: skip
    session.log(f"the bill of materials is {made}")


@nox.session
def lowest(session: nox.Session) -> None:
    """The tests with the lowest versions that the package says it works with."""
    session.install("--resolution", "lowest-direct", *group("tests"), ".[all]")
    pytest = shutil.which("pytest", path=session.bin)
    session.run(str(pytest), *PARALLEL, *session.posargs)


@nox.session
def plugin(session: nox.Session) -> None:
    """Test-suites of users, somewhere else, with the wheel and the runner of their choice."""
    session.install("build")
    home = pathlib.Path(session.create_tmp()).absolute() / "home"
    shutil.rmtree(home, ignore_errors=True)
    session.run("python", "-m", "build", "--wheel", "--outdir", str(home), str(ROOT))
    (wheel,) = home.glob("*.whl")
    shutil.copytree(ROOT / "tests" / "testing" / "suites", home / "suites")
    # A root of its own: pytest looks for settings in the folders above, and those are ours.
    (home / "suites" / "pytest.ini").write_text("[pytest]\n")
    strict = ("pytest", "-W", "error", "-o", "asyncio_default_fixture_loop_scope=function")
    auto = ("-o", "asyncio_mode=auto")
    runs: tuple[tuple[str, tuple[str, ...], list[tuple[str, ...]]], ...] = (
        ("bare", (), [("unittest", "suite_unittest")]),
        ("anyio", ("pytest", "trio"), [("pytest", "-W", "error", "suite_anyio.py")]),
        (
            "asyncio",
            ("pytest", "pytest-asyncio"),
            [(*strict, "suite_asyncio.py"), (*strict, *auto, "suite_auto.py")],
        ),
    )
    for name, runner, suites in runs:
        session.chdir(home)
        session.run("python", "-m", "venv", name)
        python = str(home / name / ("Scripts" if os.name == "nt" else "bin") / "python")
        session.run(
            python, "-m", "pip", "install", "--quiet", f"{wheel}[sandbox]", *runner, external=True
        )
        session.chdir(home / "suites")
        for suite in suites:
            session.run(python, "-m", *suite, external=True)


@nox.session
def extras(session: nox.Session) -> None:
    """No extra, and each alone: a clean environment with the wheel, and what it brings used."""
    session.install("build")
    home = pathlib.Path(session.create_tmp()).absolute() / "home"
    shutil.rmtree(home, ignore_errors=True)
    session.run("python", "-m", "build", "--wheel", "--outdir", str(home), str(ROOT))
    (wheel,) = home.glob("*.whl")
    session.chdir(home)
    known = [name for name in PROJECT["project"]["optional-dependencies"] if name != "all"]
    pythons = {
        name: str(home / name / ("Scripts" if os.name == "nt" else "bin") / "python")
        for name in ("bare", *known)
    }
    for name, python in pythons.items():
        wanted = f"{wheel}[{name}]" if name in known else str(wheel)
        session.run("python", "-m", "venv", name)
        session.run(python, "-m", "pip", "install", "--quiet", wanted, external=True)
    use = str(ROOT / "tests" / "extras" / "use.py")
    for name, python in pythons.items():
        session.run(python, use, name, env={"SANDBOX_PYTHON": pythons["sandbox"]}, external=True)


@nox.session
def chaos(session: nox.Session) -> None:
    """Processes and databases killed at random, and the books checked: twenty seeds a store."""
    session.install(*group("tests"), ".[all]")
    session.run("python", "tests/chaos/run.py", *(session.posargs or ["--seeds", "1-20"]))


@nox.session
def fuzz(session: nox.Session) -> None:
    """The sandbox's OpenAPI document run against the sandbox, by thousands of requests."""
    session.install(*group("fuzz"), ".[sandbox]")
    session.run("python", "tests/sandbox/fuzz/run.py", *session.posargs)


@nox.session
def live(session: nox.Session) -> None:
    """The sandbox held against the real API, for nothing: run by a person with ASTRIA_API_KEY."""
    if not os.environ.get("ASTRIA_API_KEY"):
        session.error("ASTRIA_API_KEY is not set: this asks the real API, and needs a key")
    session.install(".[sandbox]")
    session.run("python", "tests/api/live/run.py")


@nox.session
def bench(session: nox.Session) -> None:
    """Every benchmark against its peer, or those named: the table, its file and its chart."""
    _install_bench(session)
    session.run("python", "-m", "benchmarks", "--charts", "docs", *session.posargs)


@nox.session
def soak(session: nox.Session) -> None:
    """Half an hour of callbacks at a steady rate (``-- --minutes 5`` for less): does it grow?"""
    _install_bench(session)
    session.run("python", "-m", "benchmarks.soak", "--charts", "docs", *session.posargs)


def _install_bench(session: nox.Session) -> None:
    # Without OpenTelemetry, which whoever wants speed has not set up.
    session.install(*group("bench"), ".[fast,redis,postgres,sandbox]")
    if shutil.which("wrk") is None:
        session.warn("without wrk (apt-get install wrk) the receiver is not measured")
