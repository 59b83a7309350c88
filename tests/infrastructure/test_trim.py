"""What is removed from the image's packages is there, and what botocore still knows is all that the service asks it."""

import ast
import json
import random
import shutil
from pathlib import Path
from typing import Any

import botocore
import pytest
from botocore.awsrequest import AWSPreparedRequest
from botocore.client import BaseClient
from botocore.exceptions import BotoCoreError, ClientError
from botocore.loaders import Loader
from botocore.session import Session

import trim

SITE_PACKAGES = Path(botocore.__file__).parents[1]
WHOLE = SITE_PACKAGES / "botocore/data"
PARTITIONS = json.loads((WHOLE / "endpoints.json").read_text())["partitions"]
REGIONS = ("eu-central-1", "us-gov-west-1", "cn-north-1")
ALL_REGIONS = (
    *(region for partition in PARTITIONS for region in partition["regions"]),
    *("aws-global", "fips-us-east-1", "us-gov-west-1-fips", "eu-nowhere-9", "not a region"),
)
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret"}
SETTINGS = {
    "AWS_USE_FIPS_ENDPOINT": ("true", "false"),
    "AWS_USE_DUALSTACK_ENDPOINT": ("true",),
    "AWS_STS_REGIONAL_ENDPOINTS": ("legacy", "regional"),
    "AWS_ENDPOINT_URL": ("http://localhost:4566", "not a URL"),
    "AWS_ENDPOINT_URL_S3": ("https://storage.example/a/path",),
    "AWS_ENDPOINT_URL_DYNAMODB": ("http://localhost:8000",),
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": ("true",),
    "AWS_DEFAULTS_MODE": ("standard", "in-region", "auto"),
    "AWS_ACCOUNT_ID": ("123456789012",),
    "AWS_ACCOUNT_ID_ENDPOINT_MODE": ("required", "disabled"),
    "AWS_S3_US_EAST_1_REGIONAL_ENDPOINT": ("legacy", "regional"),
    "AWS_S3_USE_ARN_REGION": ("true", "false"),
}
POINT = "arn:aws:s3:us-west-2:123456789012:accesspoint/lists"
ROLE = {"RoleArn": "arn:aws:iam::123456789012:role/r", "RoleSessionName": "s", "WebIdentityToken": "token"}
REQUESTS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("dynamodb", "batch_get_item", {"RequestItems": {"ledger": {"Keys": [{"pk": {"S": "a"}}]}}}),
    ("dynamodb", "update_item", {"TableName": "ledger", "Key": {"pk": {"S": "a"}}}),
    ("s3", "get_object", {"Bucket": "lists", "Key": "a"}),
    ("s3", "get_object", {"Bucket": "With.Dots", "Key": "a"}),
    ("s3", "get_object", {"Bucket": POINT, "Key": "a"}),
    ("s3", "get_object", {"Bucket": "lists--use1-az4--x-s3", "Key": "a"}),
    ("s3", "put_object", {"Bucket": "lists", "Key": "a", "Body": b"", "IfNoneMatch": "*"}),
    ("sts", "assume_role_with_web_identity", ROLE),
    ("sso", "get_role_credentials", {"roleName": "r", "accountId": "123456789012", "accessToken": "token"}),
    ("sso-oidc", "create_token", {"clientId": "id", "clientSecret": "secret", "grantType": "refresh_token"}),
)


class Sent(Exception):
    """Stops a request in front of the network."""


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


@pytest.fixture(scope="module")
def loaders(data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Loader, Loader]:
    """Those of what is left, and of everything."""
    # By a path of its own, because moto adds operations to what botocore has read by the usual one.
    whole = tmp_path_factory.mktemp("botocore") / "whole"
    whole.symlink_to(WHOLE)
    return loader_of(data), loader_of(whole)


def client(loader: Loader, service: str, region: str) -> BaseClient:
    session = Session()
    session.register_component("data_loader", loader)
    return session.create_client(service, region_name=region)


def loader_of(data: Path) -> Loader:
    loader = Loader(extra_search_paths=[str(data)], include_default_search_paths=False)
    # botocore asks other rules where a service is if its descriptions are not its own.
    loader.BUILTIN_DATA_PATH = str(data)
    return loader


def sent_by(loader: Loader, service: str, region: str, operation: str, parameters: dict[str, Any]) -> object:
    """Returns what is sent, or why nothing is."""

    def stop(request: AWSPreparedRequest, **_event: object) -> None:
        raise Sent(request.method, request.url, sorted(request.headers.keys()), scope(request), content(request))

    try:
        asked = client(loader, service, region)
        asked.meta.events.register("before-send", stop)
        getattr(asked, operation)(**parameters)
    except Sent as sent:
        return sent.args
    except (BotoCoreError, ClientError, ValueError) as error:
        return repr(error)
    raise AssertionError("nothing was sent")


def content(request: AWSPreparedRequest) -> object:
    body: Any = request.body
    return body.read() if hasattr(body, "read") else body


def scope(request: AWSPreparedRequest) -> list[str]:
    """Returns the region and the service that a request is signed for. The date before them may just have changed."""
    return str(request.headers.get("Authorization", "")).partition(",")[0].split("/")[2:]


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
    service: str, region: str, loaders: tuple[Loader, Loader], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    ours, theirs = (client(loader, service, region) for loader in loaders)
    assert ours.meta.endpoint_url == theirs.meta.endpoint_url
    assert ours.meta.method_to_api_mapping == theirs.meta.method_to_api_mapping
    trimmed, whole = (loader.load_service_model(service, "service-2") for loader in loaders)
    assert trimmed == trim.undocumented_service(whole)


@pytest.mark.parametrize("seed", range(8))
def test_it_sends_the_same_requests_whatever_settings_and_regions_a_client_has(
    seed: int, loaders: tuple[Loader, Loader], monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = random.Random(seed)
    settings = {name: chosen.choice(values) for name, values in SETTINGS.items() if chosen.random() < 1 / 4}
    for name, value in (CREDENTIALS | settings).items():
        monkeypatch.setenv(name, value)
    for service, operation, parameters in REQUESTS:
        region = chosen.choice(ALL_REGIONS)
        sent = [sent_by(loader, service, region, operation, parameters) for loader in loaders]
        assert sent[0] == sent[1], (settings, service, region)


def test_a_member_that_is_named_documentation_stays() -> None:
    described = {"documentation": "<p>It is.</p>", "members": {"documentation": {"shape": "String"}}}
    assert trim.without_documentation([described]) == [{"members": {"documentation": {"shape": "String"}}}]


@pytest.mark.parametrize("package", ["fastapi", "mangum", "pydantic", "starlette"])
def test_a_package_without_docstrings_has_the_same_code_in_the_same_lines(package: str) -> None:
    for path in (SITE_PACKAGES / package).rglob("*.py"):
        source = path.read_bytes()
        assert code(trim.without_docstrings(source), docstrings=("", "\n")) == code(source), path


def code(source: bytes, docstrings: tuple[str, ...] | None = None) -> tuple[str, list[int]]:
    """Returns a module's code with its lines, but without docstrings, which are to have no other characters."""
    module = ast.parse(source)
    for node in ast.walk(module):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node, clean=False)
            if text is None:
                continue
            assert docstrings is None or set(text) <= {*docstrings}
            del node.body[0]
    return ast.dump(module), [node.lineno for node in ast.walk(module) if isinstance(node, ast.stmt | ast.expr)]


@pytest.mark.parametrize(
    ("source", "left"),
    [
        ('"""It is."""\n', '""""""\n'),
        ("'It is.'; a = 1\n", '""""""; a = 1\n'),
        ('def f(): "It is."; return "é"\n', 'def f(): """"""; return "é"\n'),
        (
            'class A:\n    """Is\n\n    it?\n    """\n    b = """no"""\n',
            'class A:\n    """\n\n\n"""\n    b = """no"""\n',
        ),
        ('async def f():\n    ("é"\n     "é")\n', 'async def f():\n    ("""\n""")\n'),
        ('a = 1\n"""no"""\n', 'a = 1\n"""no"""\n'),
        ('b"no"\n', 'b"no"\n'),
    ],
)
def test_only_docstrings_are_emptied(source: str, left: str) -> None:
    assert trim.without_docstrings(source.encode()).decode() == left


def test_the_files_that_an_installer_keeps_elsewhere_stay_whole(tmp_path: Path) -> None:
    kept, installed = tmp_path / "cache.py", tmp_path / "site-packages/module.py"
    installed.parent.mkdir()
    kept.write_text('"""It is."""\n')
    installed.hardlink_to(kept)
    trim.remove_docstrings(installed.parent)
    assert (kept.read_text(), installed.read_text()) == ('"""It is."""\n', '""""""\n')


def test_modules_whose_docstrings_are_read_keep_them(tmp_path: Path) -> None:
    for name in (*trim.DOCUMENTED, "numpy/ma/core.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(SITE_PACKAGES / name, tmp_path / name)
    trim.remove_docstrings(tmp_path)
    same = {
        path.relative_to(tmp_path).as_posix()
        for path in tmp_path.rglob("*.py")
        if path.read_bytes() == (SITE_PACKAGES / path.relative_to(tmp_path)).read_bytes()
    }
    assert same == {*trim.DOCUMENTED}
