"""The site's addresses."""

from __future__ import annotations

from flask import Flask, abort, redirect, request
from markupsafe import escape
from werkzeug.wrappers import Request
from werkzeug.wrappers.response import Response

from bridge.sandbox.faults import Call, describe_by_path
from bridge.sandbox.moodle import php_form, rest, soap, uploads
from bridge.sandbox.moodle.site import Site

REST = "/webservice/rest/server.php"
SOAP = "/webservice/soap/server.php"


def application(site: Site) -> Flask:
    """The WSGI application that serves a site."""
    app = Flask("bridge.sandbox.moodle", static_folder=None)

    @app.route(REST, methods=["GET", "POST", "PUT"])
    @app.route(REST + "/<path:_behind>", methods=["GET", "POST", "PUT"])
    def rest_server(_behind: str = "") -> Response:
        return rest.serve(site, request)

    @app.route(SOAP, methods=["GET", "POST"])
    def soap_server() -> Response:
        return soap.serve(site, request)

    @app.route("/webservice/upload.php", methods=["GET", "POST"])
    def upload() -> Response:
        return uploads.take(site, request)

    @app.route("/webservice/pluginfile.php/<path:path>", methods=["GET", "POST"])
    def web_service_file(path: str) -> Response:
        return uploads.give(site, request, path)

    @app.get("/pluginfile.php/<path:path>")
    def file_of_a_session(path: str) -> Response:  # noqa: ARG001 - nobody is logged in here
        return redirect("/login/index.php", 303)

    @app.get("/course/view.php")
    def course_page() -> str:
        course = site.store.row("SELECT * FROM course WHERE id = ?", request.args.get("id", 0, type=int))
        if course is None:
            abort(404)
        activities = "".join(f"<li>{escape(item['name'])}</li>" for item in site.modules(course["id"]))
        title = escape(course["fullname"])
        return (
            "<!DOCTYPE "
            f"html><html><head><title>{title}</title></head><body><h1>{title}</h1>"
            f"<ul>{activities}</ul></body></html>"
        )

    @app.post("/sandbox/tempo")
    def tempo() -> tuple[str, int]:
        site.restore_seconds = float(request.get_json(force=True)["restore_seconds"])
        return "", 204

    return app


def describe(incoming: Request) -> Call:
    """Name a request by the function that it calls, for faults and the record; other requests by their
    path.
    """
    if incoming.path == REST:
        _, function, _, params = rest.split(incoming)
        return Call(function, params)
    if incoming.path == SOAP:
        return (
            Call("wsdl", None)
            if soap.asks_for_wsdl(incoming)
            else Call(*soap.called_function(incoming.get_data()))
        )
    if incoming.path == "/webservice/upload.php":
        return Call("upload", {"files": [sent.name for sent in php_form.files(incoming)]})
    if incoming.path.startswith("/webservice/pluginfile.php"):
        return Call("download", {"path": incoming.path.removeprefix("/webservice/pluginfile.php")})
    return describe_by_path(incoming)
