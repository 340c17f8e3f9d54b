import json
import os
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from infra import package

Template = dict[str, Any]


@pytest.fixture(scope="session")
def built(tmp_path_factory) -> Path:
    """Stage local as `make package` builds it, in a process of its own: names come from its environment."""
    done = subprocess.run(
        [sys.executable, "-m", "infra.package", "--stage", "local"],
        cwd=package.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return package.BUILD / "local"


@pytest.fixture(scope="session")
def template(built) -> Template:
    return json.loads((built / "template.json").read_text())


@pytest.fixture(scope="session")
def drawn() -> Callable[[str], Template]:
    """The template of any stage, drawn in a process of its own; without its zip."""

    @cache
    def draw(stage: str) -> Template:
        code = f"import json; from infra import package; print(json.dumps(package.template({stage!r})))"
        environment = {**os.environ, "STAGE": stage, "STACK": f"exchange-{stage}"}
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, cwd=package.ROOT, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return draw


@pytest.fixture(scope="session")
def document(template) -> Template:
    return template["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]
