"""The accounts of a Stage as rows, whom they follow, and the tokens that speak for them."""

from collections.abc import Sequence
from typing import Any

from greenroom_adapters.stage.objects import Account
from greenroom_adapters.stage.store.file import StoreFile, micros, moment

__all__ = ["ACCOUNTS", "People", "account_from"]

ACCOUNTS = "SELECT a.id, a.handle, a.name, a.bio, a.bot, a.created_at FROM accounts a "


class People(StoreFile):
    """Accounts, follows, and tokens, which are known by their digest."""

    def add_account(self, account: Account) -> None:
        """Insert a new account."""
        self._db.execute(
            "INSERT INTO accounts VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                account.id,
                account.handle,
                account.handle.lower(),
                account.name,
                account.bio,
                account.bot,
                micros(account.created_at),
            ),
        )

    def set_account(self, account: Account) -> None:
        """Store name, bio and bot of an account that exists."""
        self._db.execute(
            "UPDATE accounts SET name = ?, bio = ?, bot = ? WHERE id = ?",
            (account.name, account.bio, account.bot, account.id),
        )

    def account(self, account_id: str) -> Account | None:
        """Return the account with this id."""
        row = self._maybe(ACCOUNTS + "WHERE a.id = ?", (account_id,))
        return None if row is None else account_from(row)

    def account_by_handle(self, handle: str) -> Account | None:
        """Return the account with this handle, in any case."""
        row = self._maybe(ACCOUNTS + "WHERE a.handle_key = ?", (handle.lower(),))
        return None if row is None else account_from(row)

    def search_accounts(self, query: str, limit: int) -> tuple[Account, ...]:
        """Return accounts whose handle or name contains the query; people first, then by handle."""
        found = self._db.execute(
            ACCOUNTS + "WHERE instr(a.handle_key, ?1) OR instr(lower(a.name), ?1) "
            "ORDER BY a.bot, a.handle_key LIMIT ?2",
            (query.lower(), limit),
        )
        return tuple(map(account_from, found))

    def account_numbers(self, account_id: str) -> tuple[int, int, int]:
        """Return how many posts that are not direct, followers and followed accounts there are."""
        posts, followers, following = self._one(
            "SELECT (SELECT count(*) FROM posts WHERE author_id = ?1 AND direct_to IS NULL AND deleted_at IS NULL),"
            " (SELECT count(*) FROM follows WHERE followed_id = ?1),"
            " (SELECT count(*) FROM follows WHERE follower_id = ?1)",
            (account_id,),
        )
        return posts, followers, following

    def follows(self, follower_id: str, followed_id: str) -> bool:
        """Say whether the one follows the other."""
        sql = "SELECT 1 FROM follows WHERE follower_id = ? AND followed_id = ?"
        return self._maybe(sql, (follower_id, followed_id)) is not None

    def add_follow(self, follower_id: str, followed_id: str) -> bool:
        """Return False when it was there already."""
        return self._changed("INSERT OR IGNORE INTO follows VALUES (?, ?)", (follower_id, followed_id))

    def remove_follow(self, follower_id: str, followed_id: str) -> bool:
        """Return False when there was none."""
        return self._changed(
            "DELETE FROM follows WHERE follower_id = ? AND followed_id = ?", (follower_id, followed_id)
        )

    def add_token(self, digest: bytes, account_id: str) -> None:
        """Remember a token."""
        self._db.execute("INSERT INTO tokens VALUES (?, ?)", (digest, account_id))

    def account_by_token(self, digest: bytes) -> Account | None:
        """Return whom a token belongs to."""
        row = self._maybe(
            "SELECT a.id, a.handle, a.name, a.bio, a.bot, a.created_at"
            " FROM tokens t JOIN accounts a ON a.id = t.account_id WHERE t.digest = ?",
            (digest,),
        )
        return None if row is None else account_from(row)

    def remove_token(self, digest: bytes) -> None:
        """Forget one token."""
        self._db.execute("DELETE FROM tokens WHERE digest = ?", (digest,))

    def remove_tokens(self, account_id: str) -> None:
        """Forget all tokens of an account."""
        self._db.execute("DELETE FROM tokens WHERE account_id = ?", (account_id,))


def account_from(row: Sequence[Any]) -> Account:
    """Build an account from its six columns."""
    account_id, handle, name, bio, bot, created_at = row
    return Account(id=account_id, handle=handle, name=name, bio=bio, bot=bool(bot), created_at=moment(created_at))
