"""A function of the owner's own as a tool."""

import asyncio
import contextvars
import importlib.util
import inspect
import threading
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import msgspec
from pydantic import PydanticUserError, TypeAdapter, ValidationError
from pydantic.errors import PydanticSchemaGenerationError
from typing_extensions import override

from greenroom.tools.source import Offer, Source, ToolFailed
from greenroom_adapters.contract import ConfigurationError

__all__ = ["FunctionSource"]

AT_ONCE = 4
"""Threads that one function may have."""


class FunctionSource(Source):
    """One function. Its parameters are told by their annotations, what it does by its docstring; one that is not a
    coroutine runs in a thread of its own, which keeps neither the rest of the bot waiting nor its end, however long it
    takes."""

    def __init__(self, file: Path, name: str, *, tool: str) -> None:
        """Load the file.

        :raises ConfigurationError: there is no such function, or it cannot be offered
        """
        place = f"tool `{tool}`"
        found = getattr(_loaded(file, place), name, None)
        if not callable(found):
            raise ConfigurationError(f"{place}: {file.name} has no function {name}")
        self._function: Callable[..., object] = found
        if not (description := inspect.getdoc(found)):
            raise ConfigurationError(f"{place}: {name} needs a docstring that says what it is for: models choose by it")
        try:
            self._adapter: TypeAdapter[Any] = TypeAdapter(cast(Any, found))
            parameters = self._adapter.json_schema()
        except (PydanticUserError, PydanticSchemaGenerationError, NameError, TypeError) as error:
            raise ConfigurationError(f"{place}: the parameters of {name} cannot be described: {error}") from error
        if parameters.get("type") != "object":
            raise ConfigurationError(f"{place}: {name} must take its arguments by name")
        self._free = asyncio.Semaphore(AT_ONCE)
        self._offer = Offer(name="", description=description, parameters=parameters)

    @override
    async def offers(self) -> Sequence[Offer]:
        return (self._offer,)

    @override
    async def call(self, name: str, arguments: dict[str, Any]) -> str:
        try:
            if inspect.iscoroutinefunction(self._function):
                result = await cast(Awaitable[object], self._called(arguments))
            else:
                result = await self._in_a_thread(arguments)
        except ValidationError as error:
            wrong = ", ".join(sorted({".".join(map(str, one["loc"])) or one["type"] for one in error.errors()}))
            raise ToolFailed(f"it was called with wrong arguments: {wrong}") from error
        except (Exception, SystemExit) as error:  # an owner's function may raise anything, and no turn ends by it
            raise ToolFailed(f"it raised {type(error).__name__}: {error}") from error
        if isinstance(result, str):
            return result
        try:
            return msgspec.json.encode(result).decode()
        except (TypeError, ValueError, RecursionError) as error:
            raise ToolFailed(f"it returned a {type(result).__name__}, which is no text and no JSON") from error

    async def _in_a_thread(self, arguments: dict[str, Any]) -> object:
        # not in a thread of the loop's own few: what hangs there keeps everything from the disk, and the end of the bot
        await self._free.acquire()
        loop = asyncio.get_running_loop()
        done: asyncio.Future[object] = loop.create_future()
        context = contextvars.copy_context()

        def finish(result: object, error: BaseException | None) -> None:
            self._free.release()
            if done.done():
                return
            if error is None:
                done.set_result(result)
            else:
                done.set_exception(error)

        def run() -> None:
            result, failure = None, None
            try:
                result = context.run(self._called, arguments)
            except Exception as error:  # noqa: BLE001 - whoever waits gets it
                failure = RuntimeError("StopIteration") if isinstance(error, StopIteration) else error
            except SystemExit as error:
                failure = RuntimeError(f"SystemExit: {error}")
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(finish, result, failure)

        threading.Thread(target=run, daemon=True).start()
        return await done

    def _called(self, arguments: dict[str, Any]) -> object:
        return self._adapter.validator.validate_json(msgspec.json.encode(arguments))


def _loaded(file: Path, place: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"greenroom_tool_{file.stem}", file)
    if spec is None or spec.loader is None or not file.is_file():
        raise ConfigurationError(f"{place}: there is no file {file.name} beside the bot file")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # whatever the file does wrong is its owner's to mend
        raise ConfigurationError(f"{place}: {file.name} cannot be loaded: {type(error).__name__}: {error}") from error
    return module
