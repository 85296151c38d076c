"""auto-enrol: enrolment that goes on by itself – cohorts, cohort sync, self-enrolment, and rules by fields of
the profile.

Source: seed, items 2.5 ("автоматическая запись"), 2.9.1 ("подписка по условиям") and 4, the ticket on the
olympiad ("Каждого участника олимпиады в «свой» курс, по стране и году обучения": 28 courses). Core has no
rule by fields: the plugin keeps it (docs/plugin-api.md), looks when an account is made or changed and when
its owner comes, and sweeps every ten minutes.
"""

from bridge.actions.accounts import COHORTS, GROUPS
from bridge.actions.action import Action
from bridge.actions.auto_enrol.params import AutoEnrolParams
from bridge.actions.auto_enrol.plan import evidence, plan, taken_back
from bridge.actions.auto_enrol.words import WORDS

ACTION = Action(
    name="auto-enrol",
    params=AutoEnrolParams,
    words=WORDS,
    steps=frozenset({"cohort.create", "enrol.add", "rule.create"}),
    reads=frozenset({"core_course_get_courses_by_field", COHORTS, GROUPS}),
    capabilities=frozenset(
        {
            "local/otbridge:view",
            "local/otbridge:run",
            "enrol/cohort:config",
            "enrol/manual:enrol",
            "enrol/manual:manage",
            "enrol/self:config",
            "moodle/cohort:assign",
            "moodle/cohort:manage",
            "moodle/cohort:view",
            "moodle/course:enrolconfig",
            "moodle/course:managegroups",
            "moodle/role:assign",
        }
    ),
    plan=plan,
    evidence=evidence,
    taken_back=taken_back,
)

__all__ = ["ACTION"]
