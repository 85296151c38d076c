"""Technical texts in the operator's language: what errors of the journal, of Moodle and of portals say.

Errors are raised, logged and kept in the journal in English, whatever the language of the process that met
them. They are put into the operator's language where they are shown: a service and the person at the terminal
need not share one.
"""

from __future__ import annotations

import re
from functools import cache

from bridge.i18n import noop, tr

SENTENCES = (
    noop("the journal took too long to write down that it is sent; nothing was sent"),
    noop("the site's policy does not let orders grant {a}"),
    noop("on this site the archetype {a} holds {b}, which the policy does not name: role deleted"),
    noop("(the archetype {a} holds {b})"),
    noop("create role {a} ({b}), archetype {c}"),
    noop("create role {a} ({b})"),
    noop("assignable in {a}; {b} capabilities"),
    noop("Moodle ended the operation {a}: {b}"),
    noop("operation {a} is in a state that the bridge does not know: {b}"),
    noop("operation {a} is {b} in Moodle; the next pass asks again"),
    noop("the course is not deleted, or its short name is taken: {a}"),
    noop("restore {a} ({b}) from {c}: {d}, {e}, {f} bytes, {g} users' data"),
    noop("into category {a} ({b})"),
    noop("the category {a} of the course is not known or gone"),
    noop("no backup holds a course with {a}"),
    noop("Moodle reported course {a} as restored, but does not have it"),
    noop("backups hold several courses with {a}: {b}"),
    noop("Moodle did not delete course {a}: {b}"),
    noop("the catalogue has no category {a}"),
    noop("{a}: the catalogue has faults"),
    noop("unknown key"),
    noop("missing, {a} needs it"),
    noop("{a} has no such key"),
    noop("must be a text, and not empty"),
    noop("must be a text"),
    noop("must be a list of texts"),
    noop("is not TOML"),
    noop("no [category.ID] tables; services name their specialists' category"),
    noop("no [[service]] tables; the catalogue is empty"),
    noop("an auto service names its action"),
    noop("{a} has no variants"),
    noop('must be a table such as { kind = "actual" }'),
    noop("is less than hours"),
    noop("must be [[service.variant]] tables"),
    noop("must be whole numbers by name, such as { questions = 15 }"),
    noop("must be a table"),
    noop("the id stands twice"),
    noop("must be one of {a}"),
    noop('{a}; write it as a text, for example "1"'),
    noop("is called “{a}”, as category {b} is"),
    noop("is finer than 0.001"),
    noop("{a} is finer than a kopeck"),
    noop("{a} norm-hours are not a whole number of minutes"),
    noop("{a} is not finite"),
    noop("{a} is not a decimal number"),
    noop("no connection within the time-out"),
    noop("the server's certificate is not valid for this address"),
    noop("the address is not an http:// or https:// address"),
    noop("no answer within the time-out"),
    noop("the connection was lost"),
    noop("the host's name is not known"),
    noop("the connection was refused or the host cannot be reached"),
    noop("the lease of writing to portal {a} has ended; nothing was written"),
    noop("row {a} is missing"),
    noop("rows {a} to {b} are missing"),
    noop("{a} milli-hours are noted as held, the open holds make {b}"),
    noop("was changed after it was written"),
    noop("rows after {a} were not written by the bridge"),
    noop("reverses a capture of hold {a}, which has none"),
    noop("hold {a} was reversed twice"),
    noop("hold {a} is unknown"),
    noop("hold {a} was closed twice, first by row {b}"),
    noop("takes {a} milli-hours of a hold of {b}"),
    noop("the chain is broken: it does not follow from the row before"),
    noop("the last row is not the one that the bridge wrote"),
    noop("reverses {a} milli-hours of a capture of {b}"),
    noop("ticket {a} ({b}): the lease of {c} has ended; nothing was written"),
    noop("database is locked"),
    noop("database or disk is full"),
    noop("disk I/O error"),
    noop("unable to open database file"),
    noop("file is not a database"),
    noop("attempt to write a readonly database"),
    noop("database disk image is malformed"),
    noop(
        "another process has held the journal for 30 s: look for a second otbridge, or a copy "
        "or SQL shell left open"
    ),
    noop("another process has held a row for 30 s: look into pg_stat_activity for a session left open"),
    noop("two workers waited for each other; the next pass does it again"),
    noop("the user of this process must own the journal's file and its directory"),
    noop("the database takes no writes: is it a standby, or set read-only?"),
    noop("free space on the disk that holds the journal"),
    noop("check that the path is right and that the user of this process may enter the directory"),
    noop("the file is damaged: stop the service and restore the last backup"),
    noop("the file is not a journal: check the path, or restore the last backup"),
    noop("make the database and its user first (createuser, createdb), then run otbridge migrate"),
    noop("check the user in the journal's URL and OTBRIDGE_JOURNAL_PASSWORD"),
    noop("check that the database server runs and that the journal's URL is right"),
    noop("look into the kernel's log: the disk that holds the journal fails"),
    noop("the journal is kept in sqlite:///PATH or postgresql://USER@HOST/DATABASE"),
    noop("the journal's URL cannot be read: write sqlite:///PATH or postgresql://USER@HOST/DATABASE"),
    noop("the journal must outlive the process: write sqlite:///PATH"),
    noop("the message above is the database's own"),
    noop("the journal at {a} cannot be used: {b}"),
    noop(
        "a journal in PostgreSQL needs its driver, which is not installed: pip install 'otbridge[postgresql]'"
    ),
    noop("no journal at {a}: run otbridge migrate"),
    noop("the journal at {a} has revision {b}, this program needs {c}: run otbridge migrate"),
    noop(
        "the journal at {a} has revision {b}, this program knows none beyond {c}: install the "
        "newer program again, or restore the backup that was made before the upgrade"
    ),
    noop(
        "the ledger of {a} does not end as the bridge left it: run otbridge ledger verify; nothing was added"
    ),
    noop("{a} milli-hours are below zero"),
    noop("account {a} has no hold {b}"),
    noop("hold {a} is closed already: {b}"),
    noop("ledger key {a} stands for another row: {b} differ"),
    noop("reversal {a}: hold {b} has no open capture of {c} milli-hours"),
    noop("the journal {a} cannot be made: {b}: the user of this process must own the directory"),
    noop("the journal knows no ticket {a} of portal {b}"),
    noop("the stored document of ticket {a} ({b}, {c}) is damaged: {d}"),
    noop("templates in {a} have faults"),
    noop("template {a} cannot be rendered"),
    noop("the answer is not a description of a site"),
    noop("PHP could not fetch the site's own WSDL"),
    noop("see whether the web server can reach itself under the site's address and has PHP workers left"),
    noop("the answer is a page, not a file"),
    noop("Moodle got no file: it may be larger than PHP takes (post_max_size)"),
    noop("the answer is not that of Moodle's upload script"),
    noop("Moodle stored {a} of {b} bytes"),
    noop("{a} bytes are more than the limit of {b}"),
    noop("the answer was cut off inside its head"),
    noop("the file's address is not on this site"),
    noop("the address is not that of a file (pluginfile.php)"),
    noop("the answer does not say its length"),
    noop("the file changed before it was sent"),
    noop("the file became shorter while it was sent"),
    noop("the file is larger than {a} bytes"),
    noop("the file broke off after {a} bytes"),
    noop(
        "switch on web services and the protocol (Site administration, Server, Web services, "
        "Manage protocols), and see whether a firewall stands in front of the site"
    ),
    noop("redirected to {a} (HTTP {b})"),
    noop("the server answered HTTP {a}"),
    noop("the web server refuses (HTTP 403)"),
    noop("no web service at this address (HTTP {a})"),
    noop("the request is larger than the web server takes (HTTP 413)"),
    noop("too many requests (HTTP 429)"),
    noop("the site is in maintenance (HTTP 503)"),
    noop("another path"),
    noop("an unreadable address"),
    noop("set the site's address to the one that it redirects to"),
    noop("a warning without a text"),
    noop("the answer is an HTML page"),
    noop("the answer is not JSON with {a}"),
    noop("the answer is not JSON"),
    noop("{a} form fields are too many for one request: send at most {b}"),
    noop("the result is not valid UTF-8"),
    noop("the answer may have been cut off"),
    noop("the request is larger than PHP's post_max_size"),
    noop("the answer is empty"),
    noop("the service of the token does not hold the function"),
    noop("{a} must be given: SOAP cannot leave it out here"),
    noop("the answer is not this function's"),
    noop("the answer holds more than one result"),
    noop("the answer is not a result"),
    noop("the answer holds a document type, which is not allowed"),
    noop("the answer refers to itself"),
    noop("the answer is not well-formed XML"),
    noop("the answer holds a wrong {a}"),
    noop("it holds control characters or broken Unicode"),
    noop("the number does not fit into 64 bits"),
    noop("the number is not finite"),
    noop("the site's address is not a plain http:// or https:// address"),
    noop("the answer broke off"),
    noop("the answer is larger than {a} bytes"),
    noop("the answer is not the WSDL of a service"),
    noop("the answer is not a WSDL"),
    noop("a WSDL may not make the bridge fetch anything"),
    noop("no [[installation]] has the serial {a}"),
    noop("an answer of Moodle is not what the plugin promises: {a}"),
    noop(
        "the portal's {a} holds characters that no HTTP header can carry: copy it again, as "
        "one line of plain ASCII"
    ),
    noop("the key {a} was used for another write"),
    noop("it was answered as written, but its key is not to be seen"),
    noop("it is not to be seen yet"),
    noop("it was sent, and cannot be looked for: {a}"),
    noop("it was written, and what follows from it is refused: {a}"),
    noop("it was sent and is not to be seen yet; it will not be sent again for {a} s"),
    noop("another process has been writing to it; nothing was sent"),
    noop("contract is {a}"),
    noop("the token lacks {a}"),
    noop("abilities are missing: {a}"),
    noop("rounds to {a} norm-hours"),
    noop("its clock is {a} off"),
    noop("it is answered with a page"),
    noop("{a} was expected, the answer was {b}"),
    noop("GET /meta names contract 1, scopes, abilities and the time"),
    noop("an unknown token is refused with 401"),
    noop("tickets come in pages with a cursor, each change at least once, none broken"),
    noop("an idle poll with the page's ETag is answered 304"),
    noop("what is not there is answered with not_found"),
    noop("each account's sums are those of its ledger"),
    noop("the page has no ETag"),
    noop("the last cursor brings the same tickets again"),
    noop("granted, posted, held are {a}, its ledger makes {b}"),
    noop("available is {a}"),
    noop("a poll without an ETag was answered 304"),
    noop("the attachment has {a} bytes, more than the limit of {b}"),
    noop("the attachment has {a} bytes instead of {b}"),
    noop("the attachment is larger than its {a} bytes"),
    noop("the attachment does not match its size and sha256"),
    noop("it has {a} bytes, more than the limit of {b}"),
    noop("HTTP {a} where the contract has {b}"),
    noop("there is more, but the cursor does not move"),
    noop("the answer is about another key"),
    noop("the bridge {a} works on this portal; release it there where this one is to take its place"),
    noop("the portal keeps another content than was sent"),
    noop("the answer names another state than was set"),
    noop("the answer is about another entry of the ledger"),
    noop("the hold has no id"),
    noop("the answer is not the contract's: {a}"),
    noop("the portal answered HTTP {a}"),
    noop("must be an RFC 3339 time with its zone, such as 2026-03-01T09:30:00Z"),
    noop("must hold neither U+0000 nor lone surrogates"),
    noop("must be neither . nor .."),
    noop("must be a whole number of minutes, a multiple of 50"),
    noop("must be an object"),
    noop("is not a moment of the calendar"),
    noop("an agreed ticket has at least one"),
    noop("two have the same id"),
    noop("is not granted − posted − held"),
    noop("ticket {a} has no such file"),
    noop("the ticket was moved to project {a}, its hours are held on project {b}: move it back"),
    noop("the charges make {a} norm-hours ({b} milli-hours), not {c}"),
    noop("the activity {a} is switched off there"),
    noop("ticket {a} of project {b} has no stage {c}"),
    noop("the stage is not accepted"),
    noop("only {a} norm-hours are held"),
    noop("the bridge keeps no such hold"),
    noop("the hold has ended"),
    noop("the ticket is withdrawn"),
    noop("{a} norm-hours are there, {b} are needed"),
    noop("only a write-off can be reversed"),
    noop("it was reversed before"),
    noop("Redmine refused it"),
    noop("they change while they are read, again and again"),
    noop(
        "the portal's API key holds characters that no HTTP header can carry: copy it again, "
        "as one line of plain ASCII"
    ),
    noop("HTTP {a} where Redmine answers {b} with another status"),
    noop("the answer has no Date"),
    noop("the API key is wrong, its user is locked, or Redmine's REST API is switched off"),
    noop("it may not be seen by the bridge's user"),
    noop("the roles of the bridge's user do not allow it, or the project is closed"),
    noop("Redmine does not have it"),
    noop("it was changed at the same moment"),
    noop("issue {a} is not as Redmine sends issues: {b}"),
    noop("the answer is not Redmine's: {a}"),
    noop("{a} must be a number, not below zero, is {b}"),
    noop("its activity {a} bears another name in this project than elsewhere"),
    noop("must have the other sign"),
    noop("must be a number of norm-hours"),
    noop("may not be seen by the bridge's role: let it see the field, or nothing can be written off"),
    noop("was changed: must be the JSON that the bridge wrote"),
    noop("Redmine has no {a}: see [portal.redmine]"),
    noop("it is not a ticket: its tracker is another"),
    noop("it is not a stage of {a}"),
    noop(
        "project {a}: the bridge's role does not see the norm-hours of time entries: make "
        "custom field {b} visible to it"
    ),
    noop("the status {a} stands for no state ({b})"),
    noop(
        "has no field {a} (issue_fields.{b}): let its tracker and project have it, visible to "
        "the bridge's role"
    ),
    noop("must say the agreed norm-hours, is {a}"),
    noop("must be a number such as 1 or 0.6, is {a}"),
    noop("{a} hours are not a time"),
    noop("must be a multiple of {a} minutes (0.05 h), is {b}"),
    noop("two fields are called {a}: rename one of them"),
    noop(
        "[portal.redmine] names what this Redmine does not have: {a}; otbridge init-redmine "
        "prints what it has"
    ),
    noop("the workflow of {a} lets the bridge's role not go from {b} to status {c}"),
    noop("{a} is not the bridge's to set"),
    noop("no status for {a}"),
    noop("the same id for {a}"),
    noop("{a}: both ledgers agree again"),
    noop("the portal says {a} milli-hours, its ledger makes {b}"),
    noop("portal {a} has {b} tickets with the number {c}"),
    noop("its hold {a} has ended before"),
    noop("it reverses no write-off"),
    noop("it is not the whole of write-off {a}"),
    noop("write-off {a} was reversed before"),
    noop("goes in circles"),
    noop("cannot be read: {a}"),
    noop("missing: {a}"),
)
"""Sentences of errors, or parts of them; `{a}` stands for anything."""


def shown(text: str) -> str:
    """The text with every sentence that is known put into the operator's language."""
    for mark, sentence, ours in _translated():
        if mark in text:
            text = _pattern(sentence).sub(lambda found, ours=ours: _filled(ours, found.groupdict()), text)  # type: ignore[misc]
    return text


@cache
def _translated() -> tuple[tuple[str, str, str], ...]:
    """What marks a sentence in a text, the sentence, and its translation; the longest first, none in a
    language that needs none.
    """
    longest = sorted(SENTENCES, key=lambda sentence: -len(re.sub(r"{\w}", "", sentence)))
    return tuple((max(re.split(r"{\w}", one), key=len), one, tr(one)) for one in longest if tr(one) != one)


@cache
def _pattern(sentence: str) -> re.Pattern[str]:
    parts = re.split(r"{(\w)}", sentence)
    made = "" if sentence.startswith("{") else r"(?<![A-Za-z])"
    for place, part in enumerate(parts):
        if place % 2 == 0:
            made += re.escape(part)
        elif place == 1 and not parts[0]:
            made += rf"(?P<{part}>[^\n:;()]*?)"
        else:
            made += (
                rf"(?P<{part}>[^\n;)]+)"
                if place == len(parts) - 2 and not parts[-1]
                else rf"(?P<{part}>[^\n]+?)"
            )
    return re.compile(made + (r"(?![A-Za-z])" if sentence[-1].isalpha() else ""))


def _filled(sentence: str, facts: dict[str, str]) -> str:
    return re.sub(r"{(\w)}", lambda name: facts[name[1]], sentence)
