"""One client per AWS service and container, made when first needed: clients are thread-safe and costly to make."""

from collections.abc import Callable, Iterable
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.config import Config
from botocore.session import Session, get_session

#: An API function lives 10 s; one call with its repeats must end well before that.
CONFIG = Config(
    connect_timeout=1,
    read_timeout=2,
    retries={"mode": "standard", "total_max_attempts": 3},
    max_pool_connections=32,
    parameter_validation=False,
)
#: S3 takes no links signed in the old way any more, which botocore still makes if not told otherwise.
S3_CONFIG = CONFIG.merge(Config(signature_version="s3v4"))
PARALLEL_CALLS_MAX = 16

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

Item = TypeVar("Item")
Result = TypeVar("Result")


@cache
def client(service: str) -> Any:  # noqa: ANN401 - boto3 makes its classes at run time
    """The client of `service`. Region, credentials and endpoint come from the environment that Lambda sets."""
    return _session().create_client(service, config=S3_CONFIG if service == "s3" else CONFIG)


@cache
def _session() -> Session:
    """One session for all clients: they share what it reads from disk. boto3's own brings transfer managers along, which
    nothing here uses and which cost a cold start 60 ms."""
    return get_session()


@cache
def _pool() -> "ThreadPoolExecutor":
    from concurrent.futures import ThreadPoolExecutor  # many containers never make two calls at once

    return ThreadPoolExecutor(PARALLEL_CALLS_MAX, thread_name_prefix="aws")


def in_parallel(call: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """`call` for each of `items` at the same time, results in their order.

    All calls run to their end; then the first error, if any, is raised: what was asked for is never left half asked.
    """
    work = list(items)
    if len(work) == 1:
        return [call(work[0])]
    futures = [_pool().submit(call, item) for item in work]
    errors = [error for future in futures if (error := future.exception())]
    if errors:
        raise errors[0]
    return [future.result() for future in futures]
