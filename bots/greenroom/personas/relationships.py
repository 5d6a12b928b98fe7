"""What people are to a persona, as its owner wrote it."""

from typing import Annotated, ClassVar

from pydantic import Field

from greenroom.settings.model import Model, Text
from greenroom.settings.spelling import PERSON, Person
from greenroom_adapters.contract import Author

__all__ = ["Relationship"]


class Relationship(Model):
    """What somebody, or everybody with a role, is to the persona."""

    section: ClassVar[str] = "a line of `relationships`"

    with_: Annotated[Person, PERSON] = Field(validation_alias="with", serialization_alias="with")
    """Whom it is about: account/@handle or account/id, account/role:NAME, account/power:50. A persona serves several
    bots, so an account that one of them has not is no mistake."""
    is_: Text = Field(validation_alias="is", serialization_alias="is")
    """What he is to it, in words for the prompt."""

    def is_to(self, author: Author, account: str) -> bool:
        """Say whether it is about `author`, met on `account`."""
        return self.with_.account == account and self.with_.is_author(author)
