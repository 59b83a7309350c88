"""A copy of the project that can be deployed without Docker, in which the image function is a zip function.

No engine runs images without Docker. All else stays as it is deployed: the Makefile, samconfig.toml, the template with
its other resources, and the code.
"""

import json
import os
import re
import shutil
from pathlib import Path

from tests.stack.commands import run

from modest_local.template import load

_COPIED = ("Makefile", "deploy", "functions", "layers", "model", "pyproject.toml", "requirements", "samconfig.toml")
_LINKED = (".venv", ".build/sam")
_OVERRIDES = "[default.global.parameters.parameter_overrides]"
_SKIPPED = shutil.ignore_patterns("__pycache__")

# What is in the image beside its packages and models, compiled as there.
_MAKEFILE = """\
PYTHON := {python}
build-Moderate:
\tcp -R moderate authorizer modest "$(ARTIFACTS_DIR)/"
\t$(PYTHON) -m compileall -q --invalidation-mode unchecked-hash "$(ARTIFACTS_DIR)"
"""
_NO_BASE_IMAGE = "#!/bin/sh\n"
# `make deploy` asks Docker for one thing: what identifies the code that was built.
_DOCKER = """\
#!/bin/sh
find .aws-sam/build/Moderate -type f ! -name '*.pyc' -print0 | sort -z | xargs -0 cat | sha256sum
"""


class Stage:
    """The copy, made in a folder that must not exist, and the operator's commands in it."""

    def __init__(self, project: Path, folder: Path) -> None:
        self._project = project
        self._folder = folder
        folder.mkdir(parents=True)
        for name in _COPIED:
            _copy(project / name, folder / name)
        for name in _LINKED:
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).symlink_to(project / name)
        function = folder / "functions" / "moderate"
        _copy(project / "functions/authorizer/authorizer", function / "authorizer")
        _copy(project / "layers/modest/modest", function / "modest")
        (function / "Makefile").write_text(_MAKEFILE.format(python=project / ".build/stack/bin/python"))
        _write_command(folder / "tests" / "e2e" / "local-base-image", _NO_BASE_IMAGE)
        _write_command(folder / "bin" / "docker", _DOCKER)
        (folder / "template.yaml").write_text(_without_image(project / "template.yaml"))

    def deploy(self) -> None:
        """Runs `make deploy`, which shows the changes and is answered yes."""
        self._make("deploy", typed="y\n")

    def deploy_in_two_steps(self, **parameters: str) -> None:
        """Sets parameters in samconfig.toml, makes a change set and executes it."""
        lines = [_OVERRIDES, *(f"{name} = {json.dumps(value)}" for name, value in parameters.items())]
        config = (self._project / "samconfig.toml").read_text()
        assert _OVERRIDES in config
        (self._folder / "samconfig.toml").write_text(config.replace(_OVERRIDES, "\n".join(lines), 1))
        change_set = re.search(r"arn:\S+:changeSet/\S+", self._make("change-set"))
        assert change_set
        self._make("execute", f"CHANGE_SET={change_set[0]}")

    def delete(self, stack: str) -> None:
        """Runs `sam delete` and answers yes twice: about the stack, and about what SAM uploaded for it."""
        self._run(".build/sam/bin/sam", "delete", "--stack-name", stack, typed="y\ny\n")

    def _make(self, *arguments: str, typed: str = "") -> str:
        # What is linked belongs to the project, and must not be installed from here.
        return self._run("make", *(f"--assume-old={name}/.ready" for name in _LINKED), *arguments, typed=typed)

    def _run(self, *command: str, typed: str) -> str:
        environ = {
            "HOME": str(self._folder),
            "PATH": f"{self._folder / 'bin'}:{os.environ['PATH']}",
            "SAM_CLI_POLL_DELAY": "0.5",
            "SAM_CLI_TELEMETRY": "0",
        }
        return run(command, self._folder, environ, typed=typed)


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=_SKIPPED)
    else:
        shutil.copy2(source, target)


def _write_command(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True)
    path.write_text(text)
    path.chmod(0o755)


def _without_image(template_path: Path) -> str:
    template = load(template_path)
    function = template["Resources"]["Moderate"]
    function["Metadata"] = {"BuildMethod": "makefile"}
    assert function["Properties"].pop("PackageType") == "Image"
    function["Properties"] |= {
        "CodeUri": "functions/moderate",
        "Handler": "moderate.main.handler",
        "Runtime": "python3.13",
    }
    return json.dumps(template, indent=1)
