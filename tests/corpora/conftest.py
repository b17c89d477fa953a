"""The deployed stack, for the real files that go through it."""

from tests.support.deployed import deployed as deployed
from tests.support.deployed import world as world
