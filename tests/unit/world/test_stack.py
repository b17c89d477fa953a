from typing import Any

import pytest

from penstock_ops.world.stack import resolve

PARAMETERS = {"Days": "90", "Most": "5"}


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ({"Ref": "Days"}, "90"),
        ({"Ref": "SomeTable"}, {"Ref": "SomeTable"}),
        ({"Fn::GetAtt": ["SomeTable", "Arn"]}, {"Fn::GetAtt": ["SomeTable", "Arn"]}),
        ({"Rules": [{"Keep": {"Ref": "Days"}}, 7]}, {"Rules": [{"Keep": "90"}, 7]}),
        ({"Ref": "Days", "Also": {"Ref": "Most"}}, {"Ref": "Days", "Also": "5"}),
        (True, True),
        (None, None),
    ],
)
def test_references_to_parameters_become_their_values(said: Any, meant: Any) -> None:
    assert resolve(said, PARAMETERS) == meant
