"""The files that the board serves: the libraries are the lock's, and nothing comes from another host."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from pathlib import Path

import pytest

import trackflow.board

BOARD = Path(trackflow.board.__file__).parent
STATIC, TEMPLATES = BOARD / "static", BOARD / "templates"
VENDOR = STATIC / "vendor"
PROJECT = Path(__file__).parents[2]

OURS = sorted(
    path
    for path in (*STATIC.rglob("*"), *TEMPLATES.rglob("*"))
    if path.suffix in {".js", ".css", ".html", ".svg"} and VENDOR not in path.parents
)
OTHER_HOST = re.compile(r"""(?:https?:)?//[a-z0-9-]+(?:\.[a-z0-9-]+)+""", re.IGNORECASE)
NAMESPACES = ("http://www.w3.org/", "http://www.omg.org/")  # of XML: names, nobody fetches them


def test_vendored_files_are_those_that_were_built_from_the_lock() -> None:
    # Given what `make assets` wrote down
    written = json.loads((VENDOR / "hashes.json").read_text())
    locked = json.loads((PROJECT / "deploy/assets/package-lock.json").read_text())["packages"]

    # When every file is hashed
    files = {
        str(path.relative_to(VENDOR)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in VENDOR.rglob("*")
        if path.is_file() and path.name != "hashes.json"
    }

    # Then none was changed, added or lost since, and the versions are the lock's
    assert files == written["sha256"]
    assert written["versions"] == {
        name: locked[f"node_modules/{name}"]["version"] for name in written["versions"]
    }


def test_every_vendored_library_has_its_licence() -> None:
    libraries = [folder for folder in VENDOR.iterdir() if folder.is_dir()]

    assert {folder.name for folder in libraries} == {"bpmn-js", "htmx"}
    assert all((folder / "LICENSE").stat().st_size for folder in libraries)


def test_the_lock_has_exact_versions_and_names_no_registry() -> None:
    package = json.loads((PROJECT / "deploy/assets/package.json").read_text())
    lock = (PROJECT / "deploy/assets/package-lock.json").read_text()

    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in package["devDependencies"].values())
    assert '"resolved"' not in lock
    assert all(each.get("integrity") for path, each in json.loads(lock)["packages"].items() if path)


@pytest.mark.parametrize("path", OURS, ids=lambda path: str(path.relative_to(BOARD)))
def test_no_file_of_ours_refers_to_another_host(path: Path) -> None:
    found = [host for host in OTHER_HOST.findall(path.read_text()) if not host.startswith(NAMESPACES)]

    assert not [host for host in found if not host.startswith(tuple(name[:-1] for name in NAMESPACES))]


@pytest.mark.parametrize(
    "path", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: str(path.relative_to(TEMPLATES))
)
def test_no_template_has_an_inline_script_style_or_handler(path: Path) -> None:
    text = re.sub(r"\{#.*?#\}", "", path.read_text(), flags=re.DOTALL)

    scripts = re.findall(r"<script\b(?![^>]*\bsrc=)(?![^>]*application/json)[^>]*>", text)
    assert not scripts
    assert not re.findall(r"<style\b|\sstyle\s*=|\son[a-z]+\s*=\s*[\"']|javascript:|\shx-on", text)


def test_scripts_of_ours_are_small() -> None:
    # Given all scripts but bpmn-js, which only pages with a diagram load
    scripts = [path for path in STATIC.rglob("*.js") if VENDOR / "bpmn-js" not in path.parents]

    # Then a phone on a bad line has them soon
    assert sum(len(gzip.compress(path.read_bytes())) for path in scripts) < 60_000
