"""Who may use the port of the emulated AWS: the operator's commands, and nobody else."""

import http.client
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from socket import create_server
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from tests.helpers.ledgers import dynamodb_table
from tests.helpers.local_gateway import in_memory

from modest_local.aws import LocalAws
from modest_local.credentials import environment_of, load_secret
from modest_local.endpoint import serve
from modest_local.rows import SCHEMA
from modest_local.stack import Stack

TABLE = "t"
SECRET = "s" * 43
LIST_TABLES = b"{}"
MAKE_TABLE = json.dumps({"TableName": "stolen"}).encode()
RESPONSE = tuple[int, str]


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with in_memory(SCHEMA) as rows:
        aws = LocalAws(rows)
        aws.deploy(Stack("modest", {"Url": "http://a/?b&c", "Plans": '{"Free": {}}'}))
        dynamodb_table(aws.dynamodb(), TABLE)
        yield aws


@pytest.fixture(scope="module")
def url(aws: LocalAws) -> Iterator[str]:
    with serve(aws.services, SECRET, create_server(("127.0.0.1", 0))) as url:
        yield url


def client_of(service: str, url: str, secret: str = SECRET) -> Any:
    names = environment_of(secret)
    return boto3.client(
        service,  # type: ignore[call-overload]
        endpoint_url=url,
        region_name=names["AWS_DEFAULT_REGION"],
        aws_access_key_id=names["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=names["AWS_SECRET_ACCESS_KEY"],
        config=Config(retries={"total_max_attempts": 1}),
    )


def signed(url: str, *, service: str = "dynamodb", secret: str = SECRET, path: str = "/") -> dict[str, str]:
    request = AWSRequest(
        "POST",
        url + path,
        headers={"Host": urlsplit(url).netloc, "X-Amz-Target": "DynamoDB_20120810.ListTables"},
        data=LIST_TABLES,
    )
    SigV4Auth(Credentials("local", secret), service, "us-east-1").add_auth(request)
    return dict(request.headers.items())


def send(
    url: str, headers: Mapping[str, str], *, method: str = "POST", path: str = "/", body: bytes = LIST_TABLES
) -> RESPONSE:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    connection.putrequest(method, path, skip_host="Host" in headers, skip_accept_encoding=True)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body)
    answer = connection.getresponse()
    assert answer.status != 403 or "Access-Control-Allow-Origin" not in answer.headers
    status, text = answer.status, answer.read().decode()
    connection.close()
    return status, text


def test_another_process_with_the_credentials_uses_every_service(url: str) -> None:
    dynamodb, apigateway, cloudformation = (
        client_of(service, url) for service in ("dynamodb", "apigateway", "cloudformation")
    )
    item = {"pk": {"S": "x y"}, "sk": {"S": "é"}}
    dynamodb.put_item(TableName=TABLE, Item=item)
    assert dynamodb.get_item(TableName=TABLE, Key=item)["Item"] == item
    key = apigateway.create_api_key(name="a b/c", tags={"modest:account": "a"})
    assert apigateway.get_api_keys(nameQuery="a b/c", includeValues=True)["items"][0]["id"] == key["id"]
    apigateway.delete_api_key(apiKey=key["id"])
    (stack,) = cloudformation.describe_stacks(StackName="modest")["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    assert outputs == {"Url": "http://a/?b&c", "Plans": '{"Free": {}}'}
    with pytest.raises(ClientError, match="Stack with id other does not exist"):
        cloudformation.describe_stacks(StackName="other")


@pytest.mark.parametrize(
    ("service", "operation"),
    [("dynamodb", "list_tables"), ("apigateway", "get_api_keys"), ("cloudformation", "describe_stacks")],
)
def test_another_secret_is_refused_as_aws_does(url: str, service: str, operation: str) -> None:
    with pytest.raises(ClientError) as error:
        getattr(client_of(service, url, "t" * 43), operation)()
    assert error.value.response["Error"]["Code"] == "UnrecognizedClientException"


def test_a_service_that_is_not_emulated_is_refused(url: str) -> None:
    with pytest.raises(ClientError, match="403"):
        client_of("s3", url).list_buckets()


def test_a_signed_request_works_as_it_is(url: str) -> None:
    assert send(url, signed(url)) == (200, json.dumps({"TableNames": [TABLE]}))


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "", "http://127.0.0.1:3000", "http://localhost:1"])
def test_whatever_has_an_origin_is_refused(url: str, origin: str) -> None:
    assert send(url, signed(url) | {"Origin": origin})[0] == 403


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:{port}",
        "127.0.0.1",
        "127.0.0.1:1",
        "127.0.0.1.:{port}",
        "[::1]:{port}",
        "0.0.0.0:{port}",
        "",
    ],
)
def test_whatever_names_another_host_is_refused(url: str, host: str) -> None:
    host = host.format(port=urlsplit(url).port)
    assert send(url, signed(url.replace(urlsplit(url).netloc, host or "none")) | {"Host": host})[0] == 403


def test_localhost_is_this_host(url: str) -> None:
    local = url.replace("127.0.0.1", "localhost")
    assert send(url, signed(local))[0] == 200


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/moto-api/",
        "/moto-api/data.json",
        "/moto-api/reset",
        "/favicon.ico",
        "/latest/meta-data/",
        "/dynamodb_us-east-1/",
        "/static/x",
        "/apikeys",
        "/usageplans",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "HEAD", "DELETE"])
def test_nothing_is_answered_without_a_signature(url: str, aws: LocalAws, path: str, method: str) -> None:
    assert send(url, {}, method=method, path=path)[0] == 403
    assert aws.dynamodb().list_tables()["TableNames"] == [TABLE]


@pytest.mark.parametrize("service", ["dynamodb", "apigateway"])
@pytest.mark.parametrize("path", ["/moto-api/", "/moto-api/data.json", "/moto-api/reset"])
def test_the_emulators_own_pages_do_not_exist_even_for_the_operator(
    url: str, aws: LocalAws, service: str, path: str
) -> None:
    status, text = send(url, signed(url, service=service, path=path), path=path)
    assert status == 404 or text == json.dumps({"TableNames": [TABLE]})
    assert aws.dynamodb().list_tables()["TableNames"] == [TABLE]


@pytest.mark.parametrize(
    "change",
    [
        {"Authorization": ""},
        {"Authorization": "AWS4-HMAC-SHA256"},
        {"Authorization": "Basic bG9jYWw6bG9jYWw="},
        {"X-Amz-Date": "20200101T000000Z"},
        {"X-Amz-Date": ""},
        {"X-Amz-Target": "DynamoDB_20120810.DeleteTable"},
    ],
)
def test_a_signed_request_that_was_changed_is_refused(url: str, change: dict[str, str]) -> None:
    assert send(url, signed(url) | change)[0] == 403


def test_a_signature_holds_for_one_body_one_service_and_one_path(url: str) -> None:
    headers = signed(url)
    assert send(url, headers, body=MAKE_TABLE)[0] == 403
    assert send(url, headers, path="/?x=y")[0] == 403
    assert send(url, headers | {"Authorization": headers["Authorization"].replace("dynamodb", "apigateway")})[0] == 403


def test_the_secret_is_random_private_and_the_same_at_every_start(tmp_path: Path) -> None:
    path = tmp_path / "new" / "aws-secret"
    secret = load_secret(path)
    assert load_secret(path) == secret
    assert load_secret(tmp_path / "another") != secret
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_text(secret[:10])
    assert len(load_secret(path)) == len(secret)
