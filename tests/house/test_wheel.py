"""The wheel: everything inside `onecase/`, complete, and a contact goes through a plug-in that is installed beside it."""

import json
import os
import re
import subprocess
import sys
import tarfile
import time
import urllib.error
import urllib.request
import venv
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import pytest
from house import ROOMS, ROOT, shown, text_of, tracked

from tests.story.wire import free_port

GUIDE = ROOT / "docs" / "add-a-channel.md"
READY_S = 60
SEEN_S = 20


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The wheel (built from the sdist, as an index would) and the sdist."""
    out = tmp_path_factory.mktemp("dist")
    _run(sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(ROOT))
    return next(out.glob("*.whl")), next(out.glob("*.tar.gz"))


@pytest.fixture(scope="module")
def installed(built: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The python of a clean environment with the wheel and the guide's plug-in; dependencies are lent by this one."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder / "venv", with_pip=True)
    python = folder / "venv" / "bin" / "python"
    plug_in = folder / "onecase-pager"
    plug_in.mkdir()
    for name, kind in (("pyproject.toml", "toml"), ("onecase_pager.py", "python")):
        found = re.search(rf"`{re.escape(name)}`:\n\n```{kind}\n(.*?)^```$", text_of(GUIDE), re.DOTALL | re.MULTILINE)
        assert found is not None, f"the guide shows {name}"
        (plug_in / name).write_text(found[1], encoding="utf-8")
    _run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(plug_in))
    wheels = [str(built[0]), *map(str, folder.glob("*.whl"))]
    _run(str(python), "-m", "pip", "install", "-q", "--no-deps", "--no-index", *wheels)
    _lend(folder / "venv")
    return python


def _lend(environment: Path) -> None:
    """Let it see the dependencies of this environment, but neither our checkout nor our editable install."""
    mine = next(Path(p) for p in sys.path if p.endswith("site-packages"))
    theirs = next(environment.glob("lib/python*/site-packages"))
    for entry in mine.iterdir():
        lent = theirs / entry.name
        if not lent.exists() and "onecase" not in entry.name and not entry.name.endswith((".pth", ".virtualenv")):
            lent.symlink_to(entry)


def test_the_wheel_holds_one_package(built: tuple[Path, Path]) -> None:
    """No shared environment loses its own `channels` or `config` to us."""
    names = zipfile.ZipFile(built[0]).namelist()
    assert {name.partition("/")[0] for name in names} == {"onecase", "onecase-0.1.0.dist-info"}
    assert {"onecase/__init__.py", "onecase/py.typed"} <= set(names)


def test_the_wheel_holds_every_file_of_the_rooms(built: tuple[Path, Path]) -> None:
    """Code, migrations, default policies, templates, pages: what is in git is in the wheel."""
    names = set(zipfile.ZipFile(built[0]).namelist())
    wanted = {f"onecase/{shown(p)}" for p in tracked() if shown(p).partition("/")[0] in ROOMS and p.name != "py.typed"}
    assert wanted <= names, sorted(wanted - names)
    assert not {n for n in names if n.startswith("onecase/")} - wanted - {"onecase/__init__.py", "onecase/py.typed"}


def test_the_sdist_holds_no_junk(built: tuple[Path, Path]) -> None:
    """What git carries of the product and its documents; no tests, no caches, no virtual environment."""
    with tarfile.open(built[1]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    ours = {shown(p) for p in tracked()} | {"PKG-INFO"}
    assert names <= ours, sorted(names - ours)
    assert {"LICENSE", "README.md", "CHANGELOG.md", "config/onecase.toml", "docs/index.md"} <= names
    assert not any(name.startswith(("tests/", "bench/", ".venv/")) for name in names)


def test_there_is_one_spelling(installed: Path) -> None:
    """`onecase.router` would be a second copy of every class; it is refused with a sentence."""
    code = "import onecase, onecase.router"
    seen = subprocess.run([installed, "-c", code], capture_output=True, text=True, check=False, cwd=installed.parent)
    assert "ImportError: onecase.router: import what you need from `onecase` itself" in seen.stderr
    where = _run(str(installed), "-c", "import onecase, router.main; print(router.main.__file__)", cwd=installed.parent)
    assert "site-packages/onecase/router/main.py" in where


def test_everything_that_plug_ins_may_import_is_there(installed: Path) -> None:
    _run(
        str(installed),
        "-c",
        "import onecase; [getattr(onecase, name) for name in onecase.__all__]",
        cwd=installed.parent,
    )


def test_a_page_becomes_a_case(installed: Path, tmp_path: Path) -> None:
    """A plug-in from the guide takes a contact: twice sent it is one, unsigned it is none, and the case is routed."""
    with _serving(installed, tmp_path) as (url, token):
        page = {"id": "17", "from": "boiler-room", "text": "E42 again"}
        assert _post(f"{url}/pager", page, {"X-Pager-Secret": "wrong"}) == 403
        assert _post(f"{url}/pager", {"id": "", "from": ""}, {"X-Pager-Secret": "s3cret"}) == 400
        assert _post(f"{url}/pager", page, {"X-Pager-Secret": "s3cret"}) == 204
        assert _post(f"{url}/pager", page, {"X-Pager-Secret": "s3cret"}) == 204
        (case,) = _get(f"{url}/api/v1/cases", token)["items"]
        assert case["queue"] == "heating"
        entries = _get(f"{url}/api/v1/cases/{case['id']}/timeline", token)["items"]
        said = [(e["channel"], e["text"]) for e in entries if e["author"]["kind"] == "customer"]
        assert said == [("page", "E42 again")]


def test_paths_that_documents_name_are_served(installed: Path, tmp_path: Path) -> None:
    """Every API path in a document is one of the running service's OpenAPI, whatever its ids are called."""
    with _serving(installed, tmp_path) as (url, token):
        served = {_shape(path) for path in _get(f"{url}/openapi.json", token)["paths"]} | {"/api/v1/stream"}
    for doc in (path for path in tracked() if path.suffix == ".md"):
        for path in re.findall(r"/api/v1/[^\s`'\"?)]+", text_of(doc)):
            assert _shape(path) in served, f"{shown(doc)}: {path}"


def _shape(path: str) -> str:
    return re.sub(r"/(?:\w+_…|\{\w+\})", "/{}", path)


def test_check_names_the_plug_in(installed: Path, tmp_path: Path) -> None:
    seen = _run(str(installed.parent / "onecase"), "check", "--data", str(tmp_path / "data"), cwd=tmp_path)
    assert "ok channels: twilio-messaging, twilio-voice, pager" in seen


# --- helpers ----------------------------------------------------------------------------------------------------------


@contextmanager
def _serving(python: Path, folder: Path) -> Iterator[tuple[str, str]]:
    """The installed command, serving on free ports; what it says is shown when it does not come up."""
    port, sandbox, token = free_port(), free_port(), "oct_test-of-the-wheel"
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith("ONECASE_")},
        "ONECASE_BOOTSTRAP_TOKEN": token,
        "PAGER_SECRET": "s3cret",
    }
    asked = [python.parent / "onecase", "serve", "--sandbox", "--port", str(port), "--sandbox-port", str(sandbox)]
    log = folder / "log"
    with log.open("w") as written:
        service = subprocess.Popen(
            [*asked, "--data", str(folder / "data")], cwd=folder, env=environment, stdout=written, stderr=written
        )
        try:
            url = f"http://127.0.0.1:{port}"
            _until(lambda: service.poll() is not None or _is_ready(url), READY_S, f"the service\n{log.read_text()}")
            assert service.poll() is None, log.read_text()
            yield url, token
            service.terminate()
            assert service.wait(timeout=30) == 0, log.read_text()
        finally:
            if service.poll() is None:
                service.kill()
                service.wait()


def _is_ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _until(look: object, seconds: float, what: str) -> None:
    end = time.monotonic() + seconds
    while not look():  # type: ignore[operator]
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.05)


def _post(url: str, fields: dict[str, str], headers: dict[str, str]) -> int:
    request = urllib.request.Request(url, urlencode(fields).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=SEEN_S) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        return refused.code


def _get(url: str, token: str) -> dict[str, list[dict[str, object]]]:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request, timeout=SEEN_S) as answer:
        return json.load(answer)


def _run(*words: str, cwd: Path | None = None) -> str:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("ONECASE_", "PYTHONPATH"))}
    seen = subprocess.run(words, capture_output=True, text=True, check=False, cwd=cwd, env=clean)
    assert seen.returncode == 0, f"{' '.join(words)}\n{seen.stdout[-3000:]}\n{seen.stderr[-3000:]}"
    return seen.stdout
