"""How people read of restore-course."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from bridge.actions.action import Words
from bridge.i18n import tr


def _evidence(found: Mapping[str, Any]) -> str:
    return tr("course {course_id} “{fullname}” from {backup_source} of {backup_at}: {url}").format_map(
        defaultdict(lambda: "–", found)
    )


WORDS = Words(
    title={"ru": "Восстановление курса", "en": "Restore a course"},
    labels={
        "course_id": "Курс, id",
        "idnumber": "Код",
        "shortname": "Имя курса",
        "fullname": "Полное имя",
        "backup_date": "Дата копии",
        "new_shortname": "Имя нов.",
        "new_fullname": "Полн.нов.",
        "category_id": "Категория",
        "users": "С данными",
        "people": "Люди",
        "accept_losses": "Потери",
    },
    evidence_kind="course",
    evidence=_evidence,
    customers=frozenset(
        {
            "accountnotfound",
            "accounttwice",
            "ambiguous",
            "course-exists",
            "lossnotallowed",
            "no-backup",
            "no-category",
            "no-copy-of-date",
            "personnotfound",
            "shortnametaken",
        }
    ),
    operators=frozenset(
        {
            "backupinvalid",
            "backupnotfound",
            "backups-unread",
            "other-site",
            "othersite",
            "categorynotfound",
            "extractionfailed",
            "extractionsilent",
            "extractiontoolarge",
            "precheckfailed",
            "reforfile",
        }
    ),
)
