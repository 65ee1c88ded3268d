"""A server that keeps those of Grafana's rules that a push meets, each with the place in its source that it copies.

Paths are of the repository grafana/grafana, with the commit that was read where it is known; the others were found by
the names that are given.
"""

import copy
import json
import re
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOKEN, OTHERS, VIEWERS = "glsa_token", "glsa_of_another_organisation", "glsa_viewer"
PROVISIONING = "/api/v1/provisioning"
BASE_INTERVAL_S = 10


class RefusalError(Exception):
    def __init__(self, status, message):
        super().__init__(message)
        self.status = status


def valid_uid(uid):
    """Take letters, digits, dash and underscore, 40 of them at most.

    pkg/util/shortid_generator.go (07c364c), `IsValidShortUID` and `IsShortUIDTooLong`, which
    pkg/services/dashboards/errors.go (04cf05e) answers with 400.
    """
    if not re.fullmatch(r"[a-zA-Z0-9\-_]*", uid):
        raise RefusalError(400, "uid contains illegal characters")
    if len(uid) > 40:
        raise RefusalError(400, "uid too long, max 40 characters")


def duration(said):
    """Return a duration as it is told again: whole units, the longest first, so `60m` comes back as `1h`.

    `For` is a `model.Duration` of prometheus/common in pkg/services/ngalert/api/compat/compat.go (04c9622),
    `ProvisionedAlertRuleFromAlertRule`.
    """
    units = {"d": 86_400, "h": 3600, "m": 60, "s": 1}
    left = sum(int(count) * units[unit] for count, unit in re.findall(r"(\d+)([dhms])", said))
    told = ""
    for unit, size in units.items():
        if left >= size:
            told += f"{left // size}{unit}"
            left %= size
    return told or "0s"


@dataclass
class Organisation:
    """What one holds; by uid, rules by folder and group.

    A token says for whom it asks, and all that is asked for is looked for there: `OrgID: c.SignedInUser.GetOrgID()` in
    every handler of pkg/api/folder.go (00747cf), datasources.go (001e0d7) and dashboard.go (0036b0d).
    """

    number: int
    folders: dict = field(default_factory=dict)
    sources: dict = field(default_factory=dict)
    boards: dict = field(default_factory=dict)
    contacts: dict = field(default_factory=dict)
    groups: dict = field(default_factory=dict)
    passwords: list = field(default_factory=list)
    from_files: set = field(default_factory=set)
    """Uids of dashboards that came by files."""
    in_v2: set = field(default_factory=set)
    """Uids of dashboards that somebody saved by hand, in the form of Grafana 13."""

    @staticmethod
    def held(things, key):
        """404 for what is not there.

        pkg/api/apierrors/folder.go (05b8f19), `GetDataSourceByUID` of pkg/api/datasources.go (001e0d7),
        `getDashboardHelper` of pkg/api/dashboard.go (0036b0d).
        """
        if key not in things:
            raise RefusalError(404, "not found")
        return things[key]

    def new_folder(self, body):
        """409 'a folder/dashboard with the same uid already exists'.

        pkg/api/apierrors/folder.go (05b8f19) for `ErrFolderWithSameUIDExists`; a title may come again, since no error
        for it is left in pkg/services/dashboards/errors.go (04cf05e).
        """
        valid_uid(body["uid"])
        if not body["title"]:
            raise RefusalError(400, "folder title cannot be empty")
        if body["uid"] in self.folders:
            raise RefusalError(409, "a folder/dashboard with the same uid already exists")
        self.folders[body["uid"]] = {
            "id": len(self.folders) + 1,
            "uid": body["uid"],
            "orgId": self.number,
            "title": body["title"],
            "version": 1,
        }
        return self.folders[body["uid"]]

    def folder(self, uid, body):
        """412 'the folder has been changed by someone else', unless it is to be overwritten.

        pkg/api/apierrors/folder.go (05b8f19) for `ErrFolderVersionMismatch`, into which
        pkg/services/folder/folderimpl/folder.go turns the mismatch of a dashboard's version.
        """
        there = self.held(self.folders, uid)
        if not body.get("overwrite") and body.get("version") != there["version"]:
            raise RefusalError(412, "the folder has been changed by someone else")
        there |= {"title": body["title"], "version": there["version"] + 1}
        return there

    def new_source(self, body):
        """409 for a name or a uid that is there.

        `AddDataSource` of pkg/api/datasources.go (001e0d7): `ErrDataSourceNameExists`, `ErrDataSourceUidExists`.
        """
        valid_uid(body["uid"])
        if body["uid"] in self.sources or body["name"] in {one["name"] for one in self.sources.values()}:
            raise RefusalError(409, "data source with the same name already exists")
        return self._source(body, version=1)

    def source(self, uid, body):
        """403 for one that came by a file, 409 for another's name, and for a version that is not the newest.

        `UpdateDataSourceByUID` and `updateDataSourceByID` of pkg/api/datasources.go (001e0d7).
        """
        there = self.held(self.sources, uid)
        if there["readOnly"]:
            raise RefusalError(403, "Cannot update read-only data source")
        if body["name"] in {one["name"] for other, one in self.sources.items() if other != uid}:
            raise RefusalError(409, "Failed to update datasource: data source with the same name already exists")
        if body.get("version", there["version"]) < there["version"]:
            raise RefusalError(409, "Datasource has already been updated by someone else. Please reload and try again")
        return self._source(body | {"uid": uid}, version=there["version"] + 1)

    def _source(self, body, version):
        """Keep what is secret and never tell it: `secureJsonFields` say what there is.

        `convertModelToDtos` of pkg/api/datasources.go (001e0d7), whose members come back.
        """
        secret = body.pop("secureJsonData", {})
        self.passwords.append(secret.get("password"))
        told = {
            "id": 1, "orgId": self.number, "database": "", "basicAuth": False, "basicAuthUser": "", "isDefault": False,
            "withCredentials": False, "readOnly": False, "typeLogoUrl": "",
        }  # fmt: skip
        self.sources[body["uid"]] = {
            **told,
            **body,
            "secureJsonFields": {name: True for name, value in secret.items() if value},
            "version": version,
        }
        return {"datasource": copy.deepcopy(self.sources[body["uid"]]), "message": "Datasource added", "id": 1}

    def held_board(self, uid):
        """406 for what was saved by hand: 'dashboard api version not supported'.

        `GetDashboard` of pkg/api/dashboard.go since dashboards of version 2: 'v2 is not supported in /api'.
        """
        if uid in self.in_v2:
            raise RefusalError(406, "dashboard api version not supported, use /apis/dashboard.grafana.app/v2/ instead")
        return self.held(self.boards, uid)

    def board(self, body):
        """412 'version-mismatch' unless it is to be overwritten; 400 for one that came by a file; the folder is there.

        pkg/services/dashboards/service/dashboard_service.go, `ValidateBasicDashboardProperties`,
        `BuildSaveDashboardCommand` and `ValidateDashboardBeforeSave`, with pkg/services/dashboards/errors.go (04cf05e).
        Titles may come again: none of them looks for one. What is told again has the number and the version that the
        server gave it: `GetDashboard` of pkg/api/dashboard.go (0036b0d).
        """
        board = body["dashboard"]
        if not board["title"].strip():
            raise RefusalError(400, "Dashboard title cannot be empty")
        if len(body.get("message", "")) > 500:
            raise RefusalError(400, "message too long, max 500 characters")
        valid_uid(board["uid"])
        if body["folderUid"] not in self.folders:
            raise RefusalError(404, "folder not found")
        there = self.boards.get(board["uid"])
        if board.get("id") and not there:
            raise RefusalError(404, "Dashboard not found")
        if there and not body.get("overwrite") and board.get("version") != there["dashboard"]["version"]:
            raise RefusalError(412, "The dashboard has been changed by someone else")
        if board["uid"] in self.from_files:
            raise RefusalError(400, "Cannot save provisioned dashboard")
        self.in_v2.discard(board["uid"])
        version = there["dashboard"]["version"] + 1 if there else 1
        number = there["dashboard"]["id"] if there else len(self.boards) + 1
        self.boards[board["uid"]] = {
            "dashboard": {**board, "id": number, "version": version},
            "meta": {"folderUid": body["folderUid"], "version": version, "canSave": True},
        }
        return {"uid": board["uid"], "status": "success", "version": version}

    def new_contact(self, body):
        """Mails need addresses; what comes by the API is noted as such.

        `RoutePostContactPoint` of pkg/services/ngalert/api/api_provisioning.go (003dc77), `CreateContactPoint` of
        pkg/services/ngalert/provisioning/contactpoints.go (021bb1f).
        """
        valid_uid(body["uid"])
        if not body["settings"].get("addresses"):
            raise RefusalError(400, "could not find addresses in settings")
        self.contacts[body["uid"]] = body | {"provenance": "api"}
        return self.contacts[body["uid"]]

    def contact(self, uid, body):
        """404 for one that is not there; else as a new one, and nothing but a word is told.

        `RoutePutContactPoint` of pkg/services/ngalert/api/api_provisioning.go (003dc77).
        """
        self.held(self.contacts, uid)
        self.new_contact(body | {"uid": uid})
        return {"message": "contactpoint updated"}

    def rules(self, folder, group, body):
        """Replace a group: path before body, rules as they are valid, those that are not named are gone.

        `RoutePutAlertRuleGroup` of pkg/services/ngalert/api/api_provisioning.go (003dc77) takes folder and group from
        the path and answers 400 to what is not valid, so to a title that comes twice.
        `ReplaceRuleGroup` and `persistDelta` of pkg/services/ngalert/provisioning/alert_rules.go: uids; receivers;
        409 where rules came otherwise than by the API ('alerting.provenanceMismatch',
        `CanUpdateProvenanceInRuleGroup` of provisioning/validation). `ValidateAlertRule` and
        `ValidateRuleGroupInterval` of pkg/services/ngalert/models/alert_rule.go: queries, a title, an interval that is
        a multiple of the scheduler's. None of them looks at folders, data sources and conditions.
        """
        if body["interval"] <= 0 or body["interval"] % BASE_INTERVAL_S:
            raise RefusalError(400, "interval should be non-zero and divided exactly by scheduler interval")
        receivers = {one["name"] for one in self.contacts.values()}
        for rule in body["rules"]:
            valid_uid(rule["uid"])
            if not rule["data"]:
                raise RefusalError(400, "no queries or expressions are found")
            if not rule["title"]:
                raise RefusalError(400, "title is empty")
            if (told := rule.get("notification_settings")) and told["receiver"] not in receivers:
                raise RefusalError(400, f"receiver {told['receiver']} does not exist")
        if len({rule["title"] for rule in body["rules"]}) < len(body["rules"]):
            raise RefusalError(400, "rule title under the same organisation and folder should be unique")
        for rule in self.groups.get((folder, group), {"rules": []})["rules"]:
            if rule["provenance"] not in {"", "api"}:
                raise RefusalError(409, f"cannot update with provided provenance 'api', needs '{rule['provenance']}'")
        self.groups[folder, group] = {
            "title": group,
            "folderUid": folder,
            "interval": body["interval"],
            "rules": [self._rule(number, rule, folder, group) for number, rule in enumerate(body["rules"], 1)],
        }
        return body

    def _rule(self, number, rule, folder, group):
        """As it is told again: `ProvisionedAlertRuleFromAlertRule`, see `duration`."""
        return rule | {
            "id": number,
            "orgID": self.number,
            "folderUID": folder,
            "ruleGroup": group,
            "for": duration(rule["for"]),
            "keep_firing_for": "0s",
            "updated": "2026-06-15T12:07:00Z",
            "provenance": "api",
        }


class Grafana:
    """A server with two organisations, and who may do what in them."""

    def __init__(self):
        self.first, self.second = Organisation(1), Organisation(2)
        self.writes = 0
        self.url = None
        self.health = {"database": "ok", "version": "13.2.3"}
        """Told to everybody: pkg/api/http_server.go uses `apiHealthHandler` before it asks who comes."""

    def answer(self, method, path, header, body):
        if (method, path) == ("GET", "/api/health"):
            return self.health
        organisation, role = self.let_in(header)
        self.writes += method != "GET"
        for wanted_method, pattern, answer in self.routes(organisation):
            if method == wanted_method and (found := re.fullmatch(pattern, path)):
                if method != "GET" and role != "Admin":
                    raise RefusalError(403, "You'll need additional permissions to perform this action.")
                return answer(*found.groups(), *([] if body is None else [body]))
        raise RefusalError(404, f"no route {method} {path}")

    def let_in(self, header):
        """401 without a token that is known; it is of one organisation, and its account has a role there.

        pkg/services/authn/clients/api_key.go (04725f2): `errAPIKeyInvalid`; `newServiceAccountIdentity`. What a role
        does not allow is answered by 403: `deny` of pkg/services/accesscontrol/middleware.go, asked before each handler
        in `registerFolderAPI` of pkg/api/folder.go (00747cf).
        """
        known = {TOKEN: (self.first, "Admin"), OTHERS: (self.second, "Admin"), VIEWERS: (self.first, "Viewer")}
        kind, _, token = header.partition(" ")
        if kind != "Bearer" or token not in known:
            raise RefusalError(401, "Invalid API key")
        return known[token]

    @staticmethod
    def routes(one):
        return [
            ("GET", "/api/folders/([^/]+)", lambda uid: one.held(one.folders, uid)),
            ("POST", "/api/folders", one.new_folder),
            ("PUT", "/api/folders/([^/]+)", one.folder),
            ("GET", "/api/datasources/uid/([^/]+)", lambda uid: one.held(one.sources, uid)),
            ("POST", "/api/datasources", one.new_source),
            ("PUT", "/api/datasources/uid/([^/]+)", one.source),
            ("GET", "/api/dashboards/uid/([^/]+)", one.held_board),
            ("POST", "/api/dashboards/db", one.board),
            ("GET", f"{PROVISIONING}/contact-points", lambda: list(one.contacts.values())),
            ("POST", f"{PROVISIONING}/contact-points", one.new_contact),
            ("PUT", f"{PROVISIONING}/contact-points/([^/]+)", one.contact),
            ("GET", f"{PROVISIONING}/folder/(.+)/rule-groups/(.+)", lambda *key: one.held(one.groups, key)),
            ("PUT", f"{PROVISIONING}/folder/(.+)/rule-groups/(.+)", one.rules),
        ]


@contextmanager
def running():
    """Serve on a free port for the time of the block."""
    held = Grafana()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self):
            body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or "null")
            try:
                told = held.answer(self.command, self.path, self.headers.get("Authorization", ""), copy.deepcopy(body))
                status = 200
            except RefusalError as refusal:
                status, told = refusal.status, {"message": str(refusal)}
            text = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_):
            pass

    for method in ("GET", "POST", "PUT"):
        setattr(Handler, f"do_{method}", Handler._answer)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    held.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield held
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
