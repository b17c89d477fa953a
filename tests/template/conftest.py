from pathlib import Path

import pytest

from tests.template.cloudformation import Template


@pytest.fixture(scope="session")
def template() -> Template:
    """As it is deployed where people are told: with all that it has."""
    return Template.read(Path(__file__).parents[2] / "template.yaml").with_parameters(Notices="true")
