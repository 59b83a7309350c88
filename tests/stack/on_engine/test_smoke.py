"""`make smoke` with credentials of an account that lacks the stack."""

import pytest
from tests.stack.smoke import app
from typer.testing import CliRunner


@pytest.mark.usefixtures("engine")
def test_without_the_stack_the_message_names_it() -> None:
    result = CliRunner().invoke(app, ["--stack", "modest-elsewhere"])
    assert result.exit_code == 1
    assert result.output.startswith("modest: There is no stack modest-elsewhere in us-east-1.")
