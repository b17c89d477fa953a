"""The sample events fit the template: each is of a function that it has, and every function has one."""

from pathlib import Path

from tests.template.cloudformation import Template

EVENTS = Path(__file__).parents[2] / "events"


def test_every_folder_of_events_is_a_functions_and_every_function_has_one(template: Template) -> None:
    folders = {path.name for path in EVENTS.iterdir() if path.is_dir()}

    assert {f"{name.title()}Function" for name in folders} == set(template.functions())


def test_each_is_called_by_the_name_that_the_command_and_the_outputs_have(template: Template) -> None:
    outputs = {name.removesuffix("FunctionName") for name in template.raw["Outputs"] if name.endswith("FunctionName")}

    assert {f"{name}Function" for name in outputs} == set(template.functions())
    for function, declared in template.functions().items():
        assert declared["Handler"] == f"{function.removesuffix('Function').lower()}.handler.handler"
