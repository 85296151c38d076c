"""core_webservice_get_site_info: who the token's user is, and what its service holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bridge.sandbox.moodle.descriptions import Many, Need, Struct, Value, optional
from bridge.sandbox.moodle.registry import external
from bridge.sandbox.moodle.site import RELEASE, SITE_COURSE_ID, THEME_REVISION, USER_ID, VERSION

if TYPE_CHECKING:
    from bridge.sandbox.moodle.site import Site

FEATURES: Mapping[str, int] = {
    "usecomments": 1,
    "usetags": 1,
    "enablenotes": 1,
    "messaging": 1,
    "enableblogs": 1,
    "enablecompletion": 1,
    "enablebadges": 1,
    "messagingallusers": 0,
    "enablecustomreports": 1,
    "enableglobalsearch": 0,
    "mnet_dispatcher_mode": 0,
    "enablecompetencies": 1,
}


@external(
    "core_webservice_get_site_info",
    "Return some site info / user info / list web service functions",
    {"serviceshortnames": Many(Value("alphanumext", "service shortname"), "ignored", Need.DEFAULT)},
    Struct(
        {
            **{
                name: Value("raw")
                for name in ("sitename", "username", "firstname", "lastname", "fullname", "lang")
            },
            "userid": Value("int"),
            "siteurl": Value("raw"),
            "userpictureurl": Value("url"),
            "functions": Many(Struct({"name": Value("raw"), "version": Value("text")})),
            "downloadfiles": optional("int"),
            "uploadfiles": optional("int"),
            "release": optional("text"),
            "version": optional("text"),
            "mobilecssurl": optional("url"),
            "advancedfeatures": Many(
                Struct({"name": Value("alphanumext"), "value": Value("int")}), "", Need.OPTIONAL
            ),
            "usercanmanageownfiles": optional("bool"),
            "userquota": optional("int"),
            "usermaxuploadfilesize": optional("int"),
            "userhomepage": optional("int"),
            "userhomepageurl": optional("localurl"),
            "userprivateaccesskey": optional("alphanum"),
            "siteid": optional("int"),
            "sitecalendartype": optional("plugin"),
            "usercalendartype": optional("plugin"),
            "userissiteadmin": optional("bool"),
            "theme": optional("theme"),
            "limitconcurrentlogins": optional("int"),
            "usersessionscount": optional("int"),
            "policyagreed": optional("int"),
        }
    ),
)
def get_site_info(site: Site, _params: Mapping[str, Any]) -> Any:
    """Who the token's user is, and what its service holds."""
    from bridge.sandbox.moodle.functions.plugin import PLUGIN_VERSION, PREFIX
    from bridge.sandbox.moodle.service import service_functions

    return {
        "sitename": site.course(SITE_COURSE_ID)["fullname"],
        "username": "otbridge",
        "firstname": "Norm-hours",
        "lastname": "Bridge",
        "fullname": "Norm-hours Bridge",
        "lang": "en",
        "userid": USER_ID,
        "siteurl": site.url,
        "userpictureurl": f"{site.url}/theme/image.php/boost/core/{THEME_REVISION}/u/f1",
        "functions": [
            {"name": name, "version": PLUGIN_VERSION if name.startswith(PREFIX) else VERSION}
            for name in service_functions(site)
        ],
        "downloadfiles": 1,
        "uploadfiles": 1,
        "release": RELEASE,
        "version": VERSION,
        "mobilecssurl": "",
        "advancedfeatures": [{"name": name, "value": value} for name, value in FEATURES.items()],
        "usercanmanageownfiles": True,
        "userquota": 0,
        "usermaxuploadfilesize": -1,
        "userhomepage": 1,
        "userprivateaccesskey": site.store.get("privatekey"),
        "siteid": SITE_COURSE_ID,
        "sitecalendartype": "gregorian",
        "usercalendartype": "gregorian",
        "userissiteadmin": False,
        "theme": "boost",
        "limitconcurrentlogins": 0,
        "policyagreed": 0,
    }
