"""People of the desk: three groups, and who may take which step."""

from __future__ import annotations

from collections.abc import Mapping

from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.models import Group, Permission, User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils import timezone

from desk.book import Book, Entry
from models.warning.lifecycle import normal_name
from models.warning.refusals import Refused

GROUPS: Mapping[str, tuple[str, ...]] = {
    "analyst": ("review_alert", "send_alert", "reply_alert"),
    "reviewer": ("review_alert", "send_alert"),
    "secretary": ("reply_alert",),
}
LOOKING = ("view_alert", "view_event", "view_dispatch", "view_reply", "view_missedevent")
NEEDED: Mapping[str, str] = {
    "first_review": "review_alert",
    "approve": "review_alert",
    "dismiss": "review_alert",
    "dispatch": "send_alert",
    "resend": "send_alert",
    "close": "send_alert",
    "correct": "send_alert",
    "reply": "reply_alert",
    "acknowledge": "reply_alert",
    "missed": "reply_alert",
}


class PeopleError(Refused):
    """A person who is not known, may not do this, or cannot be added; the message says which."""


def make_groups(book: Book) -> None:
    """Make the three groups with their permissions; analysts also keep the addresses."""
    for name, codes in GROUPS.items():
        group, _ = Group.objects.using(book.alias).get_or_create(name=name)
        recipient = ("view_recipient", "add_recipient", "change_recipient") if name == "analyst" else ()
        wanted = [*codes, *LOOKING, *recipient]
        permissions = Permission.objects.using(book.alias).filter(codename__in=wanted, content_type__app_label="desk")
        group.permissions.set(permissions)


def add_user(book: Book, name: str, group: str, password: str, added_by: str = "operator") -> None:
    """Add a person to one group.

    Raises:
        PeopleError: if the name is empty or taken (case and spaces make no difference), the group is not known
            or the password too weak.
    """
    username = normal_name(name)
    if not username:
        raise PeopleError("empty_actor", action="user")
    if group not in GROUPS:
        raise PeopleError("no_group", group=group, known=", ".join(GROUPS))
    try:
        validate_password(password, User(username=username))
    except ValidationError as error:
        raise PeopleError("weak_password", reason=" ".join(error.messages)) from error
    with book.writing():
        users = User.objects.using(book.alias)
        if users.filter(username=username).exists():
            raise PeopleError("user_exists", name=username)
        user = users.create(
            username=username, password=make_password(password), is_staff=True, date_joined=timezone.now()
        )
        user.groups.add(Group.objects.using(book.alias).get(name=group))
        book.append(Entry("user_added", added_by, payload={"user": username, "group": group}))


def disable_user(book: Book, name: str, by: str = "operator") -> None:
    """Take a person's access away; their name stays in the events.

    Raises:
        PeopleError: if there is no such person.
    """
    username = normal_name(name)
    with book.writing():
        if not User.objects.using(book.alias).filter(username=username).update(is_active=False):
            raise PeopleError("no_user", name=username)
        book.append(Entry("user_disabled", by, payload={"user": username}))


def authenticate(book: Book, name: str, password: str) -> str:
    """The normal form of a name whose password is right.

    Raises:
        PeopleError: if there is no such active person or the password is wrong; the message does not tell which.
    """
    username = normal_name(name)
    user = User.objects.using(book.alias).filter(username=username, is_active=True).first()
    encoded = user.password if user else make_password(None)
    if not check_password(password, encoded):
        raise PeopleError("no_user", name=username)
    return username


def require(book: Book, name: str, action: str) -> str:
    """The normal form of the name of a person who may take a step.

    Raises:
        PeopleError: if the person is not known, not active or in none of the groups that may.
    """
    username = normal_name(name)
    user = User.objects.using(book.alias).filter(username=username, is_active=True).first()
    if user is None:
        raise PeopleError("no_user", name=username)
    groups = [group for group, codes in GROUPS.items() if NEEDED[action] in codes]
    if not user.groups.filter(name__in=groups).exists():
        raise PeopleError("not_permitted", name=username, action=action, groups=", ".join(groups))
    return username
