"""user.create: an account; Moodle makes the password."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from bridge.sandbox.moodle import people
from bridge.sandbox.moodle.schema import Fault, Field, Items, Shape, line
from bridge.sandbox.moodle.steps.base import Changed, Failure, StepKind, Work, known

if TYPE_CHECKING:
    from bridge.sandbox.moodle.site import Site

_LOGIN = re.compile(r"[-.@_a-z0-9]+", re.ASCII)
_EMAIL = re.compile(r"[^@\s]+@[a-zA-Z0-9-]+(\.[a-zA-Z0-9-]+)+", re.ASCII)


class UserCreate(StepKind):
    """See the module."""

    name: ClassVar[str] = "user.create"
    shape: ClassVar[Shape] = Shape(
        {
            "username": line(100),
            "firstname": line(100),
            "lastname": line(100),
            "email": line(100),
            "auth": line(20, "manual"),
            **{name: line(longest, "") for name, longest in people.DETAILS.items()},
            "profile": Items(
                Shape({"field": line(255), "value": Field("text", ..., 4000, lines=True)}), most=100
            ),
        }
    )
    results: ClassVar[Mapping[str, str]] = {"id": "user", "username": "text", "fullname": "text"}
    needs: ClassVar[tuple[str, ...]] = ("moodle/user:create",)

    def check(self, site: Site, params: Mapping[str, Any]) -> Iterator[Fault]:
        """See `StepKind.check`."""
        yield from self._login(site, params["username"])
        email = params["email"]
        if not _EMAIL.fullmatch(email):
            yield Fault("email", "emailform", f"“{email}” is no e-mail address", {"email": email})
        elif other := people.with_value(site.store, "email", email):
            facts = {"email": email, "username": other["username"]}
            yield Fault("email", "emailtaken", f"The address {email} is another account's", facts)
        if params["idnumber"] and people.with_value(site.store, "idnumber", params["idnumber"]):
            facts = {"idnumber": params["idnumber"]}
            yield Fault("idnumber", "idnumbertaken", "The ID number is already used", facts)
        if params["country"] and params["country"] not in people.COUNTRIES:
            facts = {"country": params["country"]}
            yield Fault("country", "countrynotfound", f"There is no country {params['country']}", facts)
        if params["lang"] not in ("", "en", "ru"):
            yield Fault("lang", "langnotfound", "This site has no such language", {"lang": params["lang"]})
        if params["auth"] != "manual":
            yield Fault("auth", "authnotallowed", "No new account may log in so", {"auth": params["auth"]})
        for place, one in enumerate(params["profile"]):
            path = f"profile[{place}].field"
            if known(one["field"]) and (
                fault := people.field_fault(site.store, path, one["field"], [one["value"]])
            ):
                yield fault

    def _login(self, site: Site, username: str) -> Iterator[Fault]:
        facts = {"username": username}
        if not _LOGIN.fullmatch(username):
            yield Fault("username", "usernameform", f"“{username}” cannot be a login", facts)
        elif people.with_value(site.store, "username", username):
            yield Fault("username", "usernametaken", f"The login {username} is taken", facts)
        elif username != "admin" and re.fullmatch(r"adm[i1l]n", re.sub(r"[-._@]", "", username)):
            yield Fault("username", "usernamealike", f"{username} looks like an administrator's", facts)

    def claims(self, params: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
        """See `StepKind.claims`."""
        yield "username", "usernametaken", ("user", params["username"])
        yield "email", "emailtaken", ("email", params["email"].casefold())
        if params["idnumber"]:
            yield "idnumber", "idnumbertaken", ("useridnumber", params["idnumber"].casefold())

    def run(self, work: Work, params: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """See `StepKind.run`."""
        store = work.site.store
        for fault in self.check(work.site, params):
            raise Failure(fault.code, fault.message)
        profile = {}
        for one in params["profile"]:
            field = people.fields(store, one["field"])[0]
            profile[field["shortname"]] = people.kept(field, one["value"]) or ""
        user = people.add(store, params, profile)
        name = f"{params['firstname']} {params['lastname']}"
        return {"id": user, "username": params["username"], "fullname": name}, self._state(work.site, user)

    def _state(self, site: Site, user: int) -> dict[str, Any]:
        row = site.store.row(
            "SELECT details, profile, username, email FROM person JOIN user ON user.id = user "
            "WHERE user.id = ?",
            user,
        )
        return {"row": json.dumps(row, sort_keys=True)}

    def undo(self, site: Site, result: Mapping[str, Any], kept: Mapping[str, Any]) -> None:
        """See `StepKind.undo`."""
        row = site.store.row("SELECT lastaccess FROM person WHERE user = ?", result["id"])
        if row is None:
            return
        if row["lastaccess"] or self._state(site, result["id"]) != kept:
            raise Changed(f"user {result['username']}")
        people.delete(site.store, result["id"])


KIND = UserCreate()
