"""Every write of the families app that has a rule."""

from families.actions.agents import correct_member, enter_member, link_child, record_quotient
from families.actions.health import (
    answer_consents,
    contact_was_removed,
    remove_contact,
    save_contact,
    write_health,
)
from families.actions.identity import decide_identity, update_member
from families.actions.invitations import (
    accept_invitation,
    find_invitation,
    invite,
    withdraw_invitation,
)
from families.actions.members import (
    add_member,
    hold_members,
    open_family,
    place_member,
    remove_member,
    restore_member,
    was_removed,
)
from families.actions.years import certify, certify_for, choose_class, roll_over, roll_over_plan, set_classes

__all__ = [
    "accept_invitation",
    "add_member",
    "answer_consents",
    "certify",
    "certify_for",
    "choose_class",
    "contact_was_removed",
    "correct_member",
    "decide_identity",
    "enter_member",
    "find_invitation",
    "hold_members",
    "invite",
    "link_child",
    "open_family",
    "place_member",
    "record_quotient",
    "remove_contact",
    "remove_member",
    "restore_member",
    "roll_over",
    "roll_over_plan",
    "save_contact",
    "set_classes",
    "update_member",
    "was_removed",
    "withdraw_invitation",
    "write_health",
]
