"""The same model behind an address: a JSON array of cases is posted, a JSON array comes back."""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from score import score


class Model(BaseHTTPRequestHandler):
    def do_POST(self):
        cases = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answers = [{"id": case["id"], "score": score(case)} for case in cases]
        body = json.dumps(answers).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *said):
        pass


port = int(sys.argv[1]) if len(sys.argv) > 1 else 8000
server = ThreadingHTTPServer(("127.0.0.1", port), Model)
print(f"listening on http://127.0.0.1:{server.server_port}/score", flush=True)
server.serve_forever()
