from pathlib import Path

import pytest

from tests.template.cloudformation import Template


@pytest.fixture(scope="session")
def template() -> Template:
    return Template.read(Path(__file__).parents[2] / "template.yaml")
