"""The exceptions that a Moodle answers with, by the class names, errorcodes and messages of Moodle 4.5."""

from __future__ import annotations

MOODLE = "core\\exception\\moodle_exception"


class MoodleProblem(Exception):
    """An exception as Moodle tells it.

    Attributes:
        errorcode: what clients match on; None for an error of PHP itself, which has none.
        message: what people read.
        debuginfo: told only where debugging is on.
        php_class: the exception's class in PHP.
    """

    def __init__(
        self, errorcode: str | None, message: str, *, debuginfo: str | None = None, php_class: str = MOODLE
    ) -> None:
        self.errorcode = errorcode
        self.message = message
        self.debuginfo = debuginfo
        self.php_class = php_class
        super().__init__(message)


def invalid_token() -> MoodleProblem:
    """The token is not one of this site's."""
    return MoodleProblem("invalidtoken", "Invalid token - token not found")


def invalid_parameter(debuginfo: str) -> MoodleProblem:
    """A parameter is missing, unknown or of another type."""
    return MoodleProblem(
        "invalidparameter",
        "Invalid parameter value detected",
        debuginfo=debuginfo,
        php_class="core\\exception\\invalid_parameter_exception",
    )


def invalid_response(debuginfo: str) -> MoodleProblem:
    """A function's result does not fit its own description."""
    return MoodleProblem(
        "invalidresponse",
        "Invalid response value detected",
        debuginfo=debuginfo,
        php_class="core\\exception\\invalid_response_exception",
    )


def database_read() -> MoodleProblem:
    """What was asked for is nothing that the database can look for."""
    return MoodleProblem("dmlreadexception", "Error reading from database", php_class="dml_read_exception")


def database_write() -> MoodleProblem:
    """What was given is nothing that the database can hold."""
    return MoodleProblem("dmlwriteexception", "Error writing to database", php_class="dml_write_exception")


def refusal(errorcode: str, message: str) -> MoodleProblem:
    """The plugin refuses."""
    return MoodleProblem(errorcode, message, php_class="local_otbridge\\refusal")


def missing_record(table: str) -> MoodleProblem:
    """A record that must exist does not."""
    return MoodleProblem(
        "invalidrecord",
        f"Can't find data record in database table {table}.",
        php_class="dml_missing_record_exception",
    )


def access_denied(debuginfo: str) -> MoodleProblem:
    """The token's service does not hold the function, or does not allow what was asked."""
    return MoodleProblem(
        "accessexception",
        "Access control exception",
        debuginfo=debuginfo,
        php_class="webservice_access_exception",
    )


def missing_capability(title: str) -> MoodleProblem:
    """The token's user lacks a capability, whose title is told."""
    return MoodleProblem(
        "nopermissions",
        f"Sorry, but you do not currently have permissions to do that ({title}).",
        php_class="core\\exception\\required_capability_exception",
    )


def php_error(message: str) -> MoodleProblem:
    """An Error of PHP, which web services tell without an errorcode."""
    return MoodleProblem(None, message, php_class="Error")
