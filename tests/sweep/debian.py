"""apt-get with lists of its own: this machine may have none of Debian's source packages in its list."""

import subprocess
from functools import cache
from pathlib import Path


@cache
def apt_get(folder: Path) -> tuple[str, ...]:
    """Returns the beginning of a command that reads binary and source packages from this machine's mirrors.

    What apt-get keeps of them lies in `folder`.
    """
    own = folder / "apt"
    for name in ("lists/partial", "archives/partial"):
        (own / name).mkdir(parents=True, exist_ok=True)
    (own / "sources.list").write_text(sources_list(_configured()))
    command = (
        *(
            "apt-get",
            "--quiet=2",
            "-o",
            f"Dir::Etc::SourceList={own / 'sources.list'}",
            "-o",
            "Dir::Etc::SourceParts=-",
        ),
        *("-o", f"Dir::State::Lists={own / 'lists'}", "-o", f"Dir::Cache={own}", "-o", "APT::Sandbox::User=root"),
    )
    subprocess.run([*command, "update"], check=True, stdout=subprocess.DEVNULL)
    return command


def sources_list(targets: str) -> str:
    """Returns a list with the binaries and sources of each release that `targets` has, one a line.

    Its updates are left out: versions change there, and mirrors may lack their sources.
    """
    entries = sorted({target for target in targets.splitlines() if "-" not in target.split()[1]})
    return "".join(f"{kind} {entry}\n" for entry in entries for kind in ("deb", "deb-src"))


def _configured() -> str:
    asked = ["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)", "Created-By: Packages"]
    return subprocess.run(asked, check=True, capture_output=True, text=True).stdout
