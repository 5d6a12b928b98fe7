"""What pydantic's errors mean in the words of an owner."""

from pydantic_core import ErrorDetails

__all__ = ["is_a_cause", "reason_of"]


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
    if kind in ("int_type", "float_type"):
        return "this must be a number"
    if kind == "literal_error":
        return f"this is not one of the words {context.get('expected')}"
    return error["msg"]


def is_a_cause(error: ErrorDetails) -> bool:
    """Leave out what only follows from another mistake."""
    return error["type"] != "default_factory_not_called"
