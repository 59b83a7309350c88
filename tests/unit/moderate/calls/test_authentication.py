from pathlib import Path

import pytest
from starlette.requests import Request

from moderate.calls.authentication import InvalidKeyFile, KeyFile, Unauthorized, from_gateway
from modest.api_keys import hash_of, new_key


def request(*headers: tuple[str, str], event: dict[str, object] | None = None) -> Request:
    raw = [(name.encode(), value.encode()) for name, value in headers]
    return Request({"type": "http", "headers": raw, "aws.event": event})


@pytest.mark.parametrize("context", [None, {}, {"keyHash": ""}, {"keyHash": None}])
def test_a_call_without_the_authorizers_word_has_no_caller(context: dict[str, object] | None) -> None:
    with pytest.raises(Unauthorized):
        from_gateway(request(event={"requestContext": {"authorizer": context}}))


def test_a_header_never_stands_in_for_the_authorizers_word() -> None:
    with pytest.raises(Unauthorized):
        from_gateway(request(("x-api-key", new_key())))


def test_the_caller_is_the_hash_that_the_authorizer_found() -> None:
    assert from_gateway(request(event={"requestContext": {"authorizer": {"keyHash": "ab" * 32}}})) == "ab" * 32


def test_a_key_file_lets_in_its_keys_and_its_hashes_and_nobody_else(tmp_path: Path) -> None:
    plain, hashed, stranger = new_key(), new_key(), new_key()
    file = tmp_path / "keys"
    file.write_text(f"# ours\n\n{plain}\n  {hash_of(hashed)}\n")
    identify = KeyFile(file)
    assert identify(request(("x-api-key", plain))) == hash_of(plain)
    assert identify(request(("authorization", f"Bearer {hashed}"))) == hash_of(hashed)
    for headers in ([("x-api-key", stranger)], [], [("x-api-key", plain), ("x-oanor-key", hashed)]):
        with pytest.raises(Unauthorized):
            identify(request(*headers))


def test_an_empty_key_file_lets_nobody_in(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("")
    with pytest.raises(Unauthorized):
        KeyFile(tmp_path / "keys")(request())


def test_a_line_that_is_no_key_is_named_by_its_number_and_not_repeated(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text(f"{new_key()}\nmod_live_mistyped\n")
    with pytest.raises(InvalidKeyFile, match="line 2") as caught:
        KeyFile(tmp_path / "keys")
    assert "mistyped" not in str(caught.value)
