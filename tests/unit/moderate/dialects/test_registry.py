import pytest

from moderate.dialects.registry import DIALECTS, dialect_of


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/api/nsfw/image", "NanoGPT"),
        ("/api/nsfw/other", "NanoGPT"),
        ("/v1/moderations", "OpenAI"),
        ("/v1/detect-images", "Misskey"),
        ("/v1/gate", "oanor"),
        ("/v1/check", "oanor"),
        ("/v1/usage", "oanor"),
        ("/nsfw-api/v1/check", "oanor"),
        ("/", "oanor"),
        ("/anything", "oanor"),
    ],
)
def test_the_dialect_with_the_longest_prefix_answers_for_a_path_whatever_their_order(path: str, name: str) -> None:
    assert dialect_of(path).name == name
    assert dialect_of(path, reversed(DIALECTS)).name == name


def test_no_two_dialects_share_a_name_or_a_prefix() -> None:
    names = [dialect.name for dialect in DIALECTS]
    prefixes = [prefix for dialect in DIALECTS for prefix in dialect.prefixes]
    assert len(names) == len(set(names))
    assert len(prefixes) == len(set(prefixes))
