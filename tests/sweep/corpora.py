"""The packages whose images are tried, and how each is fetched by its own package manager."""

import subprocess
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.sweep.debian import apt_get

_LIST = Path(__file__).with_name("corpora.toml")


@dataclass(frozen=True, slots=True)
class Corpus:
    manager: str
    """A heading of corpora.toml."""
    package: str
    version: str

    @property
    def title(self) -> str:
        return f"{self.package} {self.version}"

    @property
    def name(self) -> str:
        """Names it in a path, so that it holds no separator."""
        return f"{self.manager}-{self.package}-{self.version}".replace("/", "+").replace(":", "+")

    def fetch(self, folder: Path) -> None:
        """Downloads its archives into `folder`, which is empty. Raises CalledProcessError."""
        match self.manager:
            case "sdist":
                _run([*_PIP, "--no-binary", ":all:", f"{self.package}=={self.version}"], folder)
            case "wheel":
                _run([*_PIP, "--only-binary", ":all:", f"{self.package}=={self.version}"], folder)
            case "npm":
                _run(["npm", "pack", "--silent", "--ignore-scripts", f"{self.package}@{self.version}"], folder)
            case "debian":
                _run([*apt_get(folder.parent), "download", f"{self.package}={self.version}"], folder)
            case "debian-source":
                _run(
                    [*apt_get(folder.parent), "source", "--download-only", f"{self.package}={self.version}"],
                    folder,
                )
            case manager:
                raise ValueError(f"no package manager is called {manager}")


_PIP = ("pip", "download", "--quiet", "--no-deps", "--disable-pip-version-check", "--dest", ".")


def corpora() -> list[Corpus]:
    listed = tomllib.loads(_LIST.read_text())
    return [
        Corpus(manager, package, version)
        for manager, packages in listed.items()
        for package, version in packages.items()
    ]


def _run(command: Sequence[str], folder: Path) -> None:
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
