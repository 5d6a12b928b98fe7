"""Who is on a Stage, what they say of themselves, whom they follow, and which tokens speak for them."""

import hashlib
from dataclasses import replace

from greenroom_adapters.contract import Kind
from greenroom_adapters.stage.mentions import HANDLE
from greenroom_adapters.stage.objects import Account, Profile, Refusal, Refused
from greenroom_adapters.stage.readable import one_line, readable
from greenroom_adapters.stage.rules.ground import Ground, page

__all__ = ["NAME_LENGTH", "People"]

NAME_LENGTH = 60
BIO_LENGTH = 500


class People(Ground):
    """Accounts, follows and tokens."""

    def ensure_account(
        self, handle: str, *, name: str | None = None, bio: str | None = None, bot: bool | None = None
    ) -> Account:
        """Return the account with this handle (a leading @ is dropped); make it when there is none.

        What is given replaces what an existing account has; None leaves it.
        """
        handle = handle.removeprefix("@")
        known = self.find_account(handle)
        if known is not None:
            return self.update_account(known.id, name=name, bio=bio, bot=bot)
        if HANDLE.fullmatch(handle) is None:
            raise Refused(
                Refusal.INVALID, "a handle has 1 to 30 letters (a-z), digits or _, and - between them: ada, ada_2, a-da"
            )
        account = Account(
            id=self._new_id(),
            handle=handle,
            name=one_line("the name", name or "", NAME_LENGTH) or handle,
            bio=readable("the bio", bio or "", BIO_LENGTH),
            bot=bool(bot),
            created_at=self.now(),
        )
        with self._store.transaction():
            self._store.add_account(account)
        return account

    def find_account(self, handle: str) -> Account | None:
        """Return the account with this handle, in any case and with or without @; None: there is none."""
        handle = handle.removeprefix("@")
        return None if HANDLE.fullmatch(handle) is None else self._store.account_by_handle(handle)

    def account(self, who: str) -> Account:
        """Return the account with this id, or else with this handle (any case)."""
        account = self._find(who)
        if account is None:
            raise Refused(Refusal.GONE, "there is no such account")
        return account

    def update_account(
        self, account_id: str, *, name: str | None = None, bio: str | None = None, bot: bool | None = None
    ) -> Account:
        """Change what is given; None leaves it. An empty name becomes the handle."""
        account = self.account(account_id)
        changed = replace(
            account,
            name=account.name if name is None else one_line("the name", name, NAME_LENGTH) or account.handle,
            bio=account.bio if bio is None else readable("the bio", bio, BIO_LENGTH),
            bot=account.bot if bot is None else bot,
        )
        if changed != account:
            with self._store.transaction():
                self._store.set_account(changed)
        return changed

    def search_accounts(self, query: str = "", *, limit: int = 20) -> tuple[Account, ...]:
        """Return accounts whose handle or name contains the query, people before bots, then by handle."""
        return self._store.search_accounts(query.removeprefix("@"), page(limit))

    def profile(self, who: str, *, viewer: str | None = None) -> Profile:
        """Return an account (id or handle) with its numbers, as the viewer (an account id) sees it."""
        account = self.account(who)
        posts, followers, following = self._store.account_numbers(account.id)
        return Profile(
            account=account,
            posts=posts,
            followers=followers,
            following=following,
            followed=viewer is not None and self._store.follows(viewer, account.id),
        )

    def follow(self, account_id: str, whom: str) -> None:
        """Let `account_id` follow the account `whom` (id or handle). Again: nothing happens. Oneself: INVALID."""
        followed = self.account(whom)
        if followed.id == account_id:
            raise Refused(Refusal.INVALID, "nobody follows himself")
        with self._store.transaction():
            if not self._store.add_follow(account_id, followed.id):
                return
            self._notify(followed.id, Kind.FOLLOW, actor_id=account_id)
        self._watching.wake(followed.id)

    def unfollow(self, account_id: str, whom: str) -> None:
        """Undo `follow`. Not following: nothing happens."""
        followed = self.account(whom)
        with self._store.transaction():
            self._store.remove_follow(account_id, followed.id)

    def issue_token(self, account_id: str) -> str:
        """Make a token that speaks for the account. Only its digest is stored."""
        token = self._new_token()
        with self._store.transaction():
            self._store.add_token(digest(token), account_id)
        return token

    def account_of_token(self, token: str) -> Account:
        """Return whom a token speaks for. Unknown or revoked: UNAUTHORIZED."""
        account = self._store.account_by_token(digest(token))
        if account is None:
            raise Refused(Refusal.UNAUTHORIZED, "the token is unknown or was revoked")
        return account

    def revoke_token(self, token: str) -> None:
        """Let a token speak for nobody. Unknown: nothing happens."""
        with self._store.transaction():
            self._store.remove_token(digest(token))

    def revoke_tokens(self, account_id: str) -> None:
        """Let none of an account's tokens speak for it; its streams end."""
        with self._store.transaction():
            self._store.remove_tokens(account_id)
        self._watching.wake(account_id)

    def _find(self, who: str) -> Account | None:
        return self._store.account(who) or self.find_account(who)


def digest(token: str) -> bytes:
    """Return what is stored of a token."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
