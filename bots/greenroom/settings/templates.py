"""Templates in an owner's file: his words, into which values enter that are never read as a template themselves."""

from typing import Any

from greenroom_adapters.contract import ConfigurationError

__all__ = ["compile_template", "fill", "is_template"]


def is_template(text: str) -> bool:
    """Say whether anything in the text is to be filled in."""
    return "{{" in text or "{%" in text


def compile_template(text: str, *, called: str) -> Any:
    """Return the template that `text` is, with a method `render`; `called` says in errors whose it is.

    :raises ConfigurationError: the text is no template
    """
    # imported only for bots that use it
    from jinja2 import StrictUndefined, TemplateError
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    # Not HTML: platforms take plain text, and escaping is the page's duty.
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
    try:
        return environment.from_string(text)
    except TemplateError as error:
        raise ConfigurationError(f"{called}: {error}") from error


def fill(template: Any, *, called: str, **values: object) -> str:
    """Return the words of a template with these values in them.

    :raises ConfigurationError: it can make nothing of them
    """
    from jinja2 import TemplateError

    try:
        words: str = template.render(**values)
    except (TemplateError, ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
        raise ConfigurationError(f"{called}: {error}") from error
    return words
