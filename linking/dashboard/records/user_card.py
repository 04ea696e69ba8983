"""The player as the pages of visitors and players show it: name, address, ID and the ways to it."""

from dataclasses import dataclass

from linking.dashboard.shell.links_out import build_publisher_address
from linking.dashboard.shell.parts import IDText, split_id
from linking.dashboard.shell.rows import Reader, build_user_url
from linking.models import LoginUser


@dataclass(frozen=True, slots=True, kw_only=True)
class UserCard:
    """A player; `publisher_url` is "" where the integration has none or the reader may not see the ID in it."""

    name: str
    email: str
    user: IDText
    url: str
    publisher_url: str


def build_user_card(user: LoginUser, *, reader: Reader) -> UserCard:
    """Return a player, its integration loaded, as the reader may see it."""
    integration, shown_id = user.integration, reader.mask_id(user.user_id)
    publisher_url = build_publisher_address(
        template=integration.publisher_account_url_template,
        merchant_id=integration.merchant_id,
        project_id=integration.publisher_project_id,
        login_project_id=integration.login_project_id,
        user_id=user.user_id,
    )
    return UserCard(
        name=reader.mask_words(user.name),
        email=reader.mask_email(user.email),
        user=split_id(shown_id),
        url=build_user_url(user_id=reader.find_user_key(user), integration=integration.slug),
        # Publisher Account's address would show the ID.
        publisher_url=publisher_url if shown_id == user.user_id else "",
    )
