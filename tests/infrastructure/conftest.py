import pytest
from tests.infrastructure.translated import Template, deployed, load


@pytest.fixture(scope="session")
def template() -> Template:
    """template.yaml as it is written. Not to be changed."""
    return load()


@pytest.fixture(scope="session")
def stack(template: Template) -> Template:
    """What a deployment that sets no parameter holds."""
    return deployed(template)
