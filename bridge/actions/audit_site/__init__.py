"""audit-site: a report on plugins, core files, schema, checks, backups and cron; changes nothing.

Source: seed, items 2.7 ("Аттестация инсталляции") and 2.9.1 (installing a third-party module, with an audit
first; global settings that misbehave).
"""

from bridge.actions.action import Action
from bridge.actions.audit_site.params import AuditSiteParams
from bridge.actions.audit_site.plan import evidence, plan, taken_back
from bridge.actions.audit_site.words import WORDS

ACTION = Action(
    name="audit-site",
    params=AuditSiteParams,
    words=WORDS,
    steps=frozenset({"site.audit"}),
    capabilities=frozenset({"local/otbridge:view", "local/otbridge:run", "local/otbridge:audit"}),
    plan=plan,
    evidence=evidence,
    taken_back=taken_back,
    specialists_only=frozenset({"checksums"}),
)

__all__ = ["ACTION"]
