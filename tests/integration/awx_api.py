"""A small stand-in of AWX's API: as much as the modules of awx.awx ask for, with what AWX refuses.

It knows which fields an object has, which have to be given, which are references and to what, and what is wrong with a rule of
a schedule. Whatever it does not know it answers with 400, so that a wrong call is seen.
"""

from __future__ import annotations

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from dateutil.rrule import rrulestr
from dateutil.tz import gettz

PROJECT = Path(__file__).resolve().parents[2]
ORGANIZATION, PROJECTS, INVENTORY = (
    {"organization": "organizations"},
    {"project": "projects"},
    {"inventory": "inventories"},
)
UNIFIED = ("job_templates", "workflow_job_templates", "projects")
# Of each kind: fields that have to be given, others, and which of them refer to what.
KINDS: dict[str, tuple[set[str], set[str], dict[str, str]]] = {
    "organizations": ({"name"}, {"description"}, {}),
    "credential_types": ({"name", "kind"}, {"inputs", "injectors", "managed", "description"}, {}),
    "credentials": ({"name"}, set(), {}),
    "execution_environments": ({"name", "image"}, {"organization", "pull", "description"}, ORGANIZATION),
    "notification_templates": ({"name", "organization", "notification_type", "notification_configuration"}, set(), ORGANIZATION),
    "projects": ({"name", "organization"}, {"scm_type", "scm_url", "scm_branch", "scm_update_on_launch"}, ORGANIZATION),
    "inventories": ({"name", "organization"}, {"kind", "host_filter", "variables"}, ORGANIZATION),
    "inventory_sources": (
        {"name", "inventory", "source"}, {"source_project", "source_path", "overwrite", "overwrite_vars", "update_on_launch"},
        INVENTORY | {"source_project": "projects"},
    ),
    "job_templates": (
        {"name", "project", "inventory", "playbook"},
        {"organization", "execution_environment", "extra_vars", "timeout", "job_type", "ask_limit_on_launch", "ask_job_type_on_launch",
         "survey_enabled", "diff_mode", "allow_simultaneous"},
        ORGANIZATION | PROJECTS | INVENTORY | {"execution_environment": "execution_environments"},
    ),
    "workflow_job_templates": ({"name"}, {"organization", "inventory", "allow_simultaneous"}, ORGANIZATION | INVENTORY),
    "workflow_job_template_nodes": (
        {"identifier", "workflow_job_template", "unified_job_template"}, {"type"},
        {"workflow_job_template": "workflow_job_templates", "unified_job_template": "unified_job_templates"},
    ),
    "schedules": ({"name", "rrule", "unified_job_template"}, {"enabled"}, {"unified_job_template": "unified_job_templates"}),
}  # fmt: skip
ASSOCIATIONS = {
    "credentials": "credentials",
    "notification_templates_error": "notification_templates",
    "always_nodes": "workflow_job_template_nodes",
}

# What is never null, but empty.
EMPTY_TEXTS = ("kind",)


class Refused(Exception):
    def __init__(self, status: int, **body) -> None:
        super().__init__(status)
        self.status, self.body = status, body


class Awx:
    """What it has, by kind and number. CALLS are the requests that change something."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[int, dict]] = {kind: {} for kind in KINDS}
        self.associated: dict[tuple[str, int, str], list[int]] = {}
        self.surveys: dict[int, dict] = {}
        self.calls: list[tuple[str, str]] = []
        self.last = 0

    def named(self, kind: str) -> dict[str, dict]:
        return {one.get("name", one.get("identifier")): one for one in self.objects[kind].values()}

    def all_of(self, kind: str) -> dict[int, dict]:
        if kind == "unified_job_templates":
            return {number: one for each in UNIFIED for number, one in self.objects[each].items()}
        if kind not in self.objects:
            raise Refused(404, detail=f"There is no {kind}.")
        return self.objects[kind]

    def find(self, kind: str, wanted: dict[str, str]) -> dict:
        found = [
            self.shown(one)
            for one in self.all_of(kind).values()
            if all(self.fits(one, *each) for each in wanted.items())
        ]
        return {"count": len(found), "next": None, "previous": None, "results": found}

    def fits(self, one: dict, field: str, value: str) -> bool:
        if field in ("page_size", "page"):
            return True
        if field == "workflow_job_template__name__startswith":
            return self.objects["workflow_job_templates"][one["workflow_job_template"]]["name"].startswith(value)
        if field.endswith("__startswith"):
            return one[field.removesuffix("__startswith")].startswith(value)
        if field not in one:
            raise Refused(400, detail=f"{field} is no field to search by.")
        return str(one[field]) == value

    def shown(self, one: dict) -> dict:
        if one["type"] != "workflow_job_template_node":
            return one
        workflow = self.objects["workflow_job_templates"][one["workflow_job_template"]]
        return one | {"summary_fields": {"workflow_job_template": {"name": workflow["name"]}}}

    def check(self, kind: str, one: dict) -> None:
        required, others, references = KINDS[kind]
        unknown = one.keys() - required - others
        missing = {field for field in required if one.get(field) in (None, "")}
        if unknown or missing:
            raise Refused(400, detail=f"{kind}: unknown {sorted(unknown)}, missing {sorted(missing)}")
        for field, of in references.items():
            if one.get(field) is not None and one[field] not in self.all_of(of):
                raise Refused(400, **{field: ["Invalid pk - object does not exist."]})
        if "playbook" in one and not (PROJECT / one["playbook"]).is_file():
            raise Refused(400, playbook=["Playbook not found for project."])
        if "rrule" in one:
            check_rule(one["rrule"])

    def create(self, kind: str, one: dict) -> dict:
        self.check(kind, one)
        self.last += 1
        url = f"/api/v2/{kind}/{self.last}/"
        given = {field: value for field, value in one.items() if value is not None or field not in EMPTY_TEXTS}
        made = {
            **dict.fromkeys(KINDS[kind][1], ""),
            **given,
            "type": kind.removesuffix("s"),
            "id": self.last,
            "url": url,
        }
        made |= {"related": {"survey_spec": f"{url}survey_spec/"}, "summary_fields": {}, "scm_revision": ""}
        self.objects[kind][self.last] = made
        return made

    def change(self, kind: str, number: int, changes: dict) -> dict:
        known = KINDS[kind][0] | KINDS[kind][1]
        before = self.objects[kind][number]
        self.check(kind, {field: before[field] for field in known if before.get(field) not in (None, "")} | changes)
        before.update(
            {field: "" if value is None and field in EMPTY_TEXTS else value for field, value in changes.items()}
        )
        return before

    def associate(self, kind: str, number: int, what: str, asked: dict) -> None:
        present = self.associated.setdefault((kind, number, what), [])
        if asked.get("disassociate"):
            present.remove(asked["id"])
        elif asked["id"] in self.objects[ASSOCIATIONS[what]]:
            present.append(asked["id"])
        else:
            raise Refused(400, detail=f"There is no {what} {asked['id']}.")


def check_rule(rule: str) -> None:
    """As AWX's serializer of schedules does."""
    starts = re.findall(r"DTSTART(?:;[^:]+)?:[0-9]+T[0-9]+Z?", rule)
    naive = re.search(r"DTSTART:[0-9]+T[0-9]+ ", rule)
    parts = re.findall(r"RULE:[^\s]*", rule)
    problems = [
        part for part in parts if "INTERVAL" not in part or "SECONDLY" in part or re.search(r"BYDAY=[0-9]", part)
    ]
    if len(starts) != 1 or naive or not parts or problems:
        raise Refused(400, rrule=[f"{rule} is no rule that AWX takes."])
    try:
        rrulestr(rule, forceset=True, tzids=gettz)
    except ValueError as error:
        raise Refused(400, rrule=[str(error)]) from error


class Handler(BaseHTTPRequestHandler):
    awx: Awx
    token: str

    def log_message(self, *_arguments) -> None:
        pass

    def answer(self, status: int, body: dict | None) -> None:
        text = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        for name, value in (
            ("X-API-Product-Name", "AWX"),
            ("X-API-Product-Version", "24.6.1"),
            ("Content-Length", str(len(text))),
        ):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)

    def serve(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or "{}")
        where = urlsplit(self.path)
        try:
            if self.headers.get("Authorization") != f"Bearer {self.token}":
                raise Refused(401, detail="Authentication credentials were not provided.")
            if self.command != "GET":
                self.awx.calls.append((self.command, where.path))
            self.answer(
                *self.route(
                    where.path.removeprefix("/api/v2").strip("/").split("/"), dict(parse_qsl(where.query)), asked
                )
            )
        except Refused as refusal:
            self.answer(refusal.status, refusal.body)

    def route(self, path: list[str], wanted: dict, asked: dict) -> tuple[int, dict | None]:
        awx, method = self.awx, self.command
        match [method, *path]:
            case ["GET", kind]:
                return 200, awx.find(kind, wanted)
            case ["POST", kind]:
                return 201, awx.create(kind, asked)
            case ["PATCH", kind, number]:
                return 200, awx.change(kind, int(number), asked)
            case ["DELETE", kind, number]:
                del awx.objects[kind][int(number)]
                return 204, None
            case ["GET", _kind, number, "survey_spec"]:
                return 200, awx.surveys.get(int(number), {})
            case ["POST", _kind, number, "survey_spec"]:
                awx.surveys[int(number)] = asked
                return 200, {}
            case ["GET", kind, number, what] if what in ASSOCIATIONS:
                found = [{"id": one} for one in awx.associated.get((kind, int(number), what), [])]
                return 200, {"count": len(found), "next": None, "results": found}
            case ["POST", kind, number, what] if what in ASSOCIATIONS:
                awx.associate(kind, int(number), what, asked)
                return 204, None
        raise Refused(404, detail=f"{method} {path} is unknown here.")

    do_GET = do_POST = do_PATCH = do_DELETE = serve  # noqa: N815


class Server:
    """Answers on a port of this machine while it is entered."""

    def __init__(self, token: str) -> None:
        self.awx = Awx()
        handler = type("Bound", (Handler,), {"awx": self.awx, "token": token})
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"

    def __enter__(self) -> Server:
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_exception) -> None:
        self.http.shutdown()
        self.http.server_close()
