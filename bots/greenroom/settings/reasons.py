"""What pydantic's errors mean in the words of an owner."""

from pydantic import ValidationError
from pydantic_core import ErrorDetails

__all__ = ["causes", "reason_of"]


def reason_of(error: ErrorDetails) -> str:
    """Return what one error of pydantic means, in the words of the owner. Never shows what was written there."""
    kind, context = error["type"], error.get("ctx", {})
    if "reason" in context:
        return str(context["reason"])
    if kind == "missing":
        return f"`{error['loc'][-1]}` is missing here"
    if kind == "too_short":
        return "this is empty: write at least one"
    if kind in ("dict_type", "mapping_type", "model_type"):
        return "this is written with keys and values"
    if kind in ("int_type", "int_parsing", "int_from_float", "float_type"):
        return "this must be a number"
    if kind == "literal_error":
        return f"this is not one of the words {context.get('expected')}"
    if kind == "greater_than_equal":
        return f"this must be at least {context.get('ge')}"
    if kind == "less_than_equal":
        return f"this must be at most {context.get('le')}"
    if kind == "value_error":
        return str(context.get("error"))
    return error["msg"]


def causes(error: ValidationError) -> list[ErrorDetails]:
    """Return the errors, without those that only follow from another one."""
    errors = error.errors()
    return [
        one
        for one in errors
        if one["type"] != "default_factory_not_called"
        and not (one["type"] == "too_short" and any(_is_inside(other["loc"], one["loc"]) for other in errors))
    ]


def _is_inside(inner: tuple[int | str, ...], outer: tuple[int | str, ...]) -> bool:
    """Tell whether one place is a part of the other: an item that is wrong is not counted as an item."""
    return len(inner) > len(outer) and inner[: len(outer)] == outer
