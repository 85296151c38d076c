"""The demo's tickets on a real osTicket with the plugin and a real Moodle: opened and accepted by the
customer in the browser's forms.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bridge.domain.hours import Charge
from bridge.domain.tickets import StageState, TicketState
from bridge.portal import BearerAuth, HttpPortal, KeyReused, PortalNotFound
from tests.contract.osticket import OsTicket
from tests.e2e.conftest import PAID, RESTORE, ROLE, SERIAL, World
from tests.live.conftest import RealMoodle
from tests.live.test_real_moodle import living_course

pytestmark = pytest.mark.live

SCRIPT = '<script>alert("взлом")</script>'


def statuses(report: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {one["id"]: (one["status"], one["reason"]) for one in report["tickets"]}


def test_the_tickets_of_the_demo_go_all_the_way_to_written_off(
    tmp_path: Path, real: RealMoodle, unique: str
) -> None:
    before = living_course(real, unique)
    real.admin.write("core_course_delete_courses", courseids=[before["id"]])
    with OsTicket.start(tmp_path) as portal:
        portal.open_account("school", "Школа № 7", granted="4", hour_price="2500")
        world = World(tmp_path, portal, real)  # type: ignore[arg-type]
        world.configure(read_seconds=60, name=unique)
        assert world.otbridge("migrate")[0] == 0

        def ticket(subject: str, fields: dict[str, str], *stages: tuple[str, str, str]) -> str:
            opened = portal.open_ticket(
                account="school",
                category=PAID,
                subject=subject,
                text=subject,
                fields=fields,
                installation=SERIAL,
            )
            if stages:
                portal.agree(opened, stages)
            return opened

        restore = ticket(
            "Восстановить курс", {**RESTORE, "param_shortname": unique}, ("Восстановление курса", "1.5", "1")
        )
        role = ticket(
            f"Роль {SCRIPT}", {**ROLE, "param_shortname": f"r{unique}"}, ("Создание роли", "0.5", "1")
        )
        lectures = ticket(
            "Разместить лекции", {"service": "2.9.1-content"}, ("Размещение лекций", "3", "0.6")
        )
        broken = ticket(
            "Роль куратора",
            {"service": "2.9.1-access", "param_shortname": "куратор"},
            ("Создание роли", "0.5", "1"),
        )
        poor = ticket(
            "Вернуть курс", {**RESTORE, "param_shortname": "none"}, ("Восстановление курса", "1", "1")
        )
        unagreed = ticket("Роль для проверяющих", {**ROLE, "param_shortname": f"n{unique}"})

        first = world.sync()
        assert first["exit"] == 0, first
        assert statuses(first) == {
            restore: ("awaiting-acceptance", "not-accepted"),
            role: ("awaiting-acceptance", "not-accepted"),
            lectures: ("running", "by-hand"),
            broken: ("needs-order", "order-faults"),
            poor: ("suspended", "balance"),
            unagreed: ("awaiting-agreement", "not-agreed"),
        }
        assert len(real.course_by("shortname", unique)) == 1

        portal.log_time(lectures, minutes=120, category="content", stage=1)
        portal.report_ready(lectures, stage=1)
        assert statuses(world.sync())[lectures] == ("awaiting-acceptance", "not-accepted")
        for accepted in (restore, role, lectures):
            portal.accept(accepted, stage=1)
        last = statuses(world.sync())
        assert {last[one] for one in (restore, role, lectures)} == {("done", "done")}

        seen = portal.customer_page(restore)
        with HttpPortal(
            "t",
            portal.url,
            BearerAuth(portal.token),
            category_prefix=PAID,
            connect_timeout=5,
            read_timeout=30,
        ) as contract:
            account = contract.account(portal.account_id("school"))
            captures = [
                entry
                for entry in contract.ledger(portal.account_id("school")).entries
                if entry.kind == "capture"
            ]
        assert (account.written_off, account.held) == (sum((one.amount for one in captures), Decimal(0)), 0)
        assert [one.amount for one in captures if one.ticket_id == lectures] == [Decimal("1.2")]
        assert "Баланс" in seen or "Balance" in seen
        assert SCRIPT not in portal.customer_page(role), "what people write is escaped"
        assert SCRIPT not in portal.agent_page(role)
        assert (
            world.sync()["tickets"] == []
            or {one["would"] for one in world.sync()["tickets"] if one.get("would")} == set()
        )
        assert world.otbridge("reconcile")[0] == 0


def test_a_token_of_another_organization_finds_nothing_and_changes_nothing(
    tmp_path: Path, unique: str
) -> None:
    with OsTicket.start(tmp_path) as ours, OsTicket.start(tmp_path) as theirs:
        for portal in (ours, theirs):
            portal.open_account("school", "Школа", granted="4", hour_price="2500")
        ticket = ours.open_ticket(account="school", category=PAID, subject="Наша заявка", installation=SERIAL)
        ours.agree(ticket, [("Этап", "1", "1")])
        account = ours.account_id("school")

        def client(token: str) -> HttpPortal:
            return HttpPortal(
                "t", ours.url, BearerAuth(token), category_prefix="", connect_timeout=5, read_timeout=60
            )

        with client(ours.token) as own, client(theirs.token) as stranger:
            (stage,) = own.ticket(ticket).stages
            hold = own.hold(f"{unique}-hold", account, ticket, stage.id, Decimal(1))
            assert stranger.changed_tickets(None).tickets == ()  # type: ignore[union-attr]
            for attempt in (
                lambda: stranger.ticket(ticket),
                lambda: stranger.account(account),
                lambda: stranger.ledger(account),
                lambda: stranger.note(f"{unique}-1", ticket, "?"),
                lambda: stranger.attach(f"{unique}-2", ticket, "a.txt", "text/plain", b"?"),
                lambda: stranger.set_ticket_state(f"{unique}-3", ticket, TicketState.DONE, list(TicketState)),
                lambda: stranger.set_stage_state(
                    f"{unique}-4", ticket, stage.id, StageState.READY, list(StageState)
                ),
                lambda: stranger.hold(f"{unique}-5", account, ticket, stage.id, Decimal(1)),
                lambda: stranger.hold(
                    f"{unique}-6", theirs.account_id("school"), ticket, stage.id, Decimal(1)
                ),
                lambda: stranger.capture(
                    f"{unique}-7",
                    str(hold.hold_id),
                    [Charge("c", 3, 3, Decimal(1))],
                    Decimal("0.05"),
                    {},
                    "policy",
                ),
                lambda: stranger.void(f"{unique}-8", str(hold.hold_id)),
                lambda: stranger.reverse(f"{unique}-9", hold.id, "?"),
            ):
                with pytest.raises(PortalNotFound):
                    attempt()
            assert stranger.find(f"{unique}-hold") is None
            with pytest.raises(KeyReused):
                stranger.hold(f"{unique}-hold", account, ticket, stage.id, Decimal(1))
            assert (own.account(account).held, len(own.ledger(account).entries)) == (1, 2)
