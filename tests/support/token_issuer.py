"""A token service for docker-registry: Basic or a refresh token in, a signed token out.

usage: token_issuer.py PORT DIRECTORY    with server.key and server.crt in DIRECTORY

User testuser, password testpassword, identity token testidentity. Nobody else gets anything.
"""

import base64
import http.server
import json
import subprocess
import sys
import time
import urllib.parse

PORT, DIRECTORY = int(sys.argv[1]), sys.argv[2]


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def chain():
    pem = open(f"{DIRECTORY}/server.crt", encoding="ascii").read()
    return ["".join(pem.strip().splitlines()[1:-1])]


def token(scopes, service):
    access = []
    for scope in " ".join(scopes).split():
        kind, rest = scope.split(":", 1)
        name, actions = rest.rsplit(":", 1)
        access.append({"type": kind, "name": name, "actions": actions.split(",")})
    now = int(time.time())
    head = {"typ": "JWT", "alg": "RS256", "x5c": chain()}
    body = {"iss": "spacesuit-issuer", "sub": "testuser", "aud": service, "exp": now + 300, "nbf": now - 10,
            "iat": now, "jti": str(now), "access": access}
    text = b64(json.dumps(head).encode()) + "." + b64(json.dumps(body).encode())
    signed = subprocess.run(["openssl", "dgst", "-sha256", "-sign", f"{DIRECTORY}/server.key"],
                            input=text.encode(), stdout=subprocess.PIPE, check=True).stdout
    return text + "." + b64(signed)


class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self, status, document):
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def grant(self, query, allowed):
        if not allowed:
            return self.answer(401, {"errors": [{"code": "UNAUTHORIZED", "message": "who are you?"}]})
        service = query.get("service", [""])[0]
        document = {"token": token(query.get("scope", []), service), "expires_in": 300}
        if "offline_token" in query:
            document["refresh_token"] = "testidentity"
        return self.answer(200, document)

    def do_GET(self):
        query = urllib.parse.parse_qs(urllib.parse.urlparse(self.path).query)
        expected = "Basic " + base64.b64encode(b"testuser:testpassword").decode()
        self.grant(query, self.headers.get("Authorization") == expected)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        form = urllib.parse.parse_qs(body)
        self.grant(form, form.get("refresh_token") == ["testidentity"])

    def log_message(self, format, *args):  # pylint: disable=redefined-builtin
        print(self.command, self.path.split("?")[0], flush=True)


http.server.ThreadingHTTPServer(("127.0.0.1", PORT), Handler).serve_forever()
