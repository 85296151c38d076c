"""add-certificate: a certificate in a course, with its layout and the conditions under which it is issued.

Source: seed, items 2.9.1 and 4 ("Сертификат по макету Заказчика: внешний вид и условия выдачи"). The site
needs mod_customcert, or 3KL's mod_simplecertificate.
"""

from bridge.actions.action import Action
from bridge.actions.add_certificate.params import AddCertificateParams
from bridge.actions.add_certificate.plan import evidence, plan, taken_back
from bridge.actions.add_certificate.words import WORDS
from bridge.actions.elements import CAPABILITIES
from bridge.actions.places import READS

ACTION = Action(
    name="add-certificate",
    params=AddCertificateParams,
    words=WORDS,
    steps=frozenset({"certificate.add"}),
    reads=READS,
    capabilities=CAPABILITIES,
    plan=plan,
    evidence=evidence,
    taken_back=taken_back,
)

__all__ = ["ACTION"]
