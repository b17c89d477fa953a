"""What the layer's build makes of botocore's data: less, and the same clients."""

import json
import runpy
import shutil
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any, cast

import botocore
import botocore.session
import pytest
from botocore.awsrequest import AWSResponse

ROOT = Path(__file__).parents[2]
LEAN = runpy.run_path(str(ROOT / "layers" / "penstock" / "lean_botocore.py"))
SERVICES: frozenset[str] = LEAN["SERVICES"]
WHOLE = Path(botocore.__file__).parent / "data"
REGIONS = ("eu-central-1", "cn-north-1")


@pytest.fixture(scope="module")
def lean_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Botocore's data as in the layer; of what is left out, one service is enough."""
    data = tmp_path_factory.mktemp("botocore") / "data"
    data.mkdir()
    for name in (*SERVICES, "account"):
        shutil.copytree(WHOLE / name, data / name)
    for file in WHOLE.glob("*.json"):
        shutil.copy(file, data)
    LEAN["lean"](data)
    return data


@cache
def session_of(data: Path) -> Any:
    session = botocore.session.Session()
    session.get_component("data_loader")._search_paths = [
        str(data)
    ]  # there is no other way to leave botocore's own out
    return session


def client(service: str, region: str, data: Path) -> Any:
    return session_of(data).create_client(service, region, aws_access_key_id="a", aws_secret_access_key="b")


def test_only_the_latest_version_of_the_services_that_are_called_is_there(lean_data: Path) -> None:
    folders = [folder for folder in lean_data.iterdir() if folder.is_dir()]
    assert {folder.name for folder in folders} == SERVICES
    assert all(len(list(folder.iterdir())) == 1 for folder in folders)


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_a_client_is_the_same_but_for_its_descriptions(service: str, lean_data: Path) -> None:
    whole, lean = client(service, "us-east-1", WHOLE), client(service, "us-east-1", lean_data)

    assert lean.meta.service_model.operation_names == whole.meta.service_model.operation_names
    for name in whole.meta.service_model.operation_names:
        theirs, ours = (one.meta.service_model.operation_model(name) for one in (whole, lean))
        assert (ours.http, ours.endpoint) == (theirs.http, theirs.endpoint)
        for shape in ("input_shape", "output_shape"):
            assert members(getattr(ours, shape)) == members(getattr(theirs, shape)), (name, shape)


def members(shape: Any) -> Any:
    """The names, types and places of what a message has."""
    if shape is None or shape.type_name != "structure":
        return shape and shape.type_name
    return {name: (one.type_name, json.dumps(one.serialization)) for name, one in shape.members.items()}


@pytest.mark.parametrize("region", REGIONS)
def test_it_is_called_where_it_was_called_before(region: str, lean_data: Path) -> None:
    for service in SERVICES:
        lean, whole = (client(service, region, data).meta.endpoint_url for data in (lean_data, WHOLE))
        assert lean == whole


@pytest.mark.parametrize("region", REGIONS)
def test_where_a_call_goes_is_found_as_before(region: str, lean_data: Path) -> None:
    """By the rules of the service and its clients' own parameters, which nobody reads before the first call."""
    for service in SERVICES:
        lean, whole = (client(service, region, data) for data in (lean_data, WHOLE))
        theirs, ours = (
            [(one.name, one.type) for one in each.meta.service_model.client_context_parameters]
            for each in (whole, lean)
        )
        assert ours == theirs
    assert called_by(client("s3", region, lean_data)) == called_by(client("s3", region, WHOLE))


def called_by(s3: Any) -> str:
    """Where a client asks for an object."""
    urls: list[str] = []

    def answered(request: Any, **_: Any) -> AWSResponse:
        urls.append(request.url)
        return AWSResponse(request.url, 200, cast(Any, {}), BytesIO())

    s3.meta.events.register("before-send.s3.GetObject", answered)
    s3.get_object(Bucket="drops", Key="traffic/spots.csv")
    (url,) = urls
    return url
