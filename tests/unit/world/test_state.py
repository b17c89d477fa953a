from pathlib import Path

import pytest

from penstock_ops.world import WorldError, state
from penstock_ops.world.processes import Process
from penstock_ops.world.state import Server, State

MINISTACK = Server(port=4599, process=Process(101, ("python", "-c", "serve")))
STRICT = Server(port=4599, process=Process(101, ("python", "-c", "serve")), certificate=Path("certificate.pem"))
DEMO_API = Server(port=8080, process=Process(102, ("python", "-m", "demo")))


def test_where_no_world_was_brought_up_there_is_no_state(tmp_path: Path) -> None:
    assert state.load(tmp_path) is None


@pytest.mark.parametrize("demo_api", [None, DEMO_API])
def test_a_state_is_found_as_it_was_saved(tmp_path: Path, demo_api: Server | None) -> None:
    # Given
    saved = State(stack="penstock", ministack=MINISTACK, demo_api=demo_api)

    # When
    state.save(tmp_path, saved)

    # Expect
    assert state.load(tmp_path) == saved


def test_a_server_with_a_certificate_speaks_tls() -> None:
    assert MINISTACK.url == "http://127.0.0.1:4599"
    assert STRICT.url == "https://127.0.0.1:4599"
    assert Server.model_validate_json(STRICT.model_dump_json()) == STRICT


def test_a_state_that_is_forgotten_is_gone(tmp_path: Path) -> None:
    state.save(tmp_path, State(stack="penstock", ministack=MINISTACK))

    state.forget(tmp_path)

    assert state.load(tmp_path) is None


@pytest.mark.parametrize("written", ["", "{", '{"stack": "penstock"}'])
def test_a_file_that_is_no_state_is_not_taken_for_no_world(tmp_path: Path, written: str) -> None:
    # Given
    state.save(tmp_path, State(stack="penstock", ministack=MINISTACK))
    (tmp_path / "world.json").write_text(written)

    # Expect: what it started may still run.
    with pytest.raises(WorldError, match=r"world\.json cannot be read"):
        state.load(tmp_path)
