"""The documentation is kept true: every file and name of the tour exists, generated pages equal what prints them."""

import ast
import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TOUR = (ROOT / "chargepoint/TOUR.md").read_text()
PLACES = sorted(set(re.findall(r"`((?:chargepoint|drivers|hal_mock|deploy)/[^`\s]*)`", TOUR)))


def names_in(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.parse(path.read_text()).body:
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                found.add(name)
            case ast.Assign(targets=targets):
                found |= {target.id for target in targets if isinstance(target, ast.Name)}
            case ast.AnnAssign(target=ast.Name(id=name)):
                found.add(name)
    return found


@pytest.mark.parametrize("place", PLACES)
def test_a_place_of_the_tour_exists(place: str) -> None:
    file, _, name = place.partition(":")
    assert (ROOT / file).exists(), f"TOUR.md names {file}, which is not there"
    if name:
        assert name in names_in(ROOT / file), f"TOUR.md names {name} in {file}, which is not there"


def test_the_tour_names_the_rooms() -> None:
    rooms = {path.name for path in (ROOT / "chargepoint").iterdir() if (path / "__init__.py").exists()}
    missing = {room for room in rooms - {"cli", "config"} if f"chargepoint/{room}/" not in TOUR}
    assert not missing, f"TOUR.md says nothing of {missing}"


def test_the_diagrams_are_printed_from_the_tables() -> None:
    spec = importlib.util.spec_from_file_location("generate_diagrams", ROOT / "deploy/generate_diagrams.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert (ROOT / "chargepoint/core/DIAGRAMS.md").read_text() == module.page(), "run: make docs"


def test_every_link_of_the_readme_leads_somewhere() -> None:
    text = (ROOT / "README.md").read_text()
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert target.startswith("http") or (ROOT / target).exists(), f"README.md links to {target}"
