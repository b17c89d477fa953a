"""The contract of templates, on S3."""

import pytest

from penstock.adapters.aws_clients import AwsClients
from penstock.adapters.aws_templates import S3Templates
from tests.support.emulators import Emulator

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture(params=["moto", "ministack"])
def templates(request: pytest.FixtureRequest) -> S3Templates:
    emulator: Emulator = request.getfixturevalue(request.param)
    clients: AwsClients = request.getfixturevalue(f"on_{request.param}")
    return S3Templates(clients.s3, emulator.bucket())


async def test_there_are_none_at_first(templates: S3Templates) -> None:
    assert await templates.all() == {}


async def test_what_was_put_is_there_by_its_name_and_as_it_is_now(templates: S3Templates) -> None:
    await templates.put("Lease form.2.yaml", b"two")
    await templates.put("Lease form.1.yaml", b"one")
    assert await templates.all() == {"Lease form.1.yaml": b"one", "Lease form.2.yaml": b"two"}

    await templates.put("Lease form.1.yaml", b"retired")
    assert await templates.all() == {"Lease form.1.yaml": b"retired", "Lease form.2.yaml": b"two"}


async def test_what_another_has_taken_away_is_there_no_more(templates: S3Templates) -> None:
    await templates.put("Lease.1.yaml", b"one")
    await templates.all()

    await templates.s3.delete_object(Bucket=templates.bucket, Key="templates/Lease.1.yaml")

    assert await templates.all() == {}


async def test_what_has_not_changed_is_not_read_again(templates: S3Templates, monkeypatch: pytest.MonkeyPatch) -> None:
    await templates.put("Lease.1.yaml", b"one")
    await templates.all()
    read: list[str] = []
    get = S3Templates._get

    async def counted(self: S3Templates, key: str) -> bytes:
        read.append(key)
        return await get(self, key)

    monkeypatch.setattr(S3Templates, "_get", counted)
    await templates.put("Lease.2.yaml", b"two")

    assert (await templates.all()).keys() == {"Lease.1.yaml", "Lease.2.yaml"}
    assert read == ["templates/Lease.2.yaml"]
