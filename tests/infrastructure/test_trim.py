"""What is removed from the image's packages is there, and what botocore still knows is all that the service asks it."""

import shutil
from pathlib import Path

import botocore
import pytest
from botocore.client import BaseClient
from botocore.loaders import Loader
from botocore.session import Session

import trim

SITE_PACKAGES = Path(botocore.__file__).parents[1]
WHOLE = SITE_PACKAGES / "botocore/data"
REGIONS = ("eu-central-1", "us-gov-west-1", "cn-north-1")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is left of botocore's descriptions, of which EC2's stands for all that are removed."""
    data = tmp_path_factory.mktemp("botocore") / "data"
    data.mkdir()
    for path in WHOLE.glob("*.json"):
        shutil.copy(path, data)
    for service in (*trim.SERVICES, "ec2"):
        shutil.copytree(WHOLE / service, data / service)
    trim.describe_services(data)
    return data


def client(loader: Loader, service: str, region: str) -> BaseClient:
    session = Session()
    session.register_component("data_loader", loader)
    return session.create_client(service, region_name=region)


@pytest.mark.parametrize("pattern", trim.UNUSED)
def test_each_package_has_what_is_removed_from_it(pattern: str) -> None:
    assert any(SITE_PACKAGES.glob(pattern))


def test_it_is_removed_and_its_neighbours_stay(tmp_path: Path) -> None:
    for name in ("numpy/lib/tests/test_it.py", "numpy/lib/format.py", "numpy/lib/format.pyi", "numpy/f2py/f2py.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    trim.remove_unused(tmp_path)
    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()] == [
        "numpy/lib/format.py"
    ]


def test_only_the_services_that_are_spoken_to_are_described(data: Path) -> None:
    assert {path.name for path in data.iterdir() if path.is_dir()} == set(trim.SERVICES)


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("service", trim.SERVICES)
def test_a_client_does_the_same_at_the_same_address(
    service: str, region: str, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    # By a path of its own, because moto adds operations to what botocore has read by the usual one.
    (tmp_path / "whole").symlink_to(WHOLE)
    loaders = [
        Loader(extra_search_paths=[str(path)], include_default_search_paths=False)
        for path in (data, tmp_path / "whole")
    ]
    ours, theirs = (client(loader, service, region) for loader in loaders)
    assert ours.meta.endpoint_url == theirs.meta.endpoint_url
    assert ours.meta.method_to_api_mapping == theirs.meta.method_to_api_mapping
    trimmed, whole = (loader.load_service_model(service, "service-2") for loader in loaders)
    assert trimmed == trim.without_documentation(whole)


def test_a_member_that_is_named_documentation_stays() -> None:
    described = {"documentation": "<p>It is.</p>", "members": {"documentation": {"shape": "String"}}}
    assert trim.without_documentation([described]) == [{"members": {"documentation": {"shape": "String"}}}]
