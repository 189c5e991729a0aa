"""An origin on Python's http.server. Prints its port, then as lines of JSON what it reads, what it answered and what ended.

With --lazy it is the handler that many write: bodies stay unread, and HEAD is answered as GET is.
"""
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

telling = threading.Lock()


def tell(event, line="", fields=()):
    record = json.dumps({"event": event, "line": line, "fields": list(fields)})
    with telling:  # one line at a time, whatever the threads
        print(record, flush=True)


class Lazy(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # what it wrote is on its way when it tells so

    def parse_request(self):
        understood = super().parse_request()
        tell("read", self.line(), self.headers.items() if understood else ())
        return understood

    def handle_one_request(self):
        super().handle_one_request()
        if self.raw_requestline:
            tell("answered", self.line())

    def finish(self):
        super().finish()
        tell("closed")

    def line(self):
        return self.raw_requestline.decode("latin-1").rstrip("\r\n")

    def echo(self):
        return f"{self.command} {self.path} user={self.headers.get('X-User-Id', '')}\n"

    def answer(self):
        self.send(200, self.echo())

    def send(self, status, text, close=False, body=True):
        self.send_response(status)
        if text is not None:
            self.send_header("Content-Length", str(len(text)))
        if close:
            self.send_header("Connection", "close")
        self.end_headers()
        if text is not None and body:
            self.wfile.write(text.encode("latin-1"))

    def __getattr__(self, name):
        if name.startswith("do_"):
            return self.answer
        raise AttributeError(name)

    def log_message(self, *_):
        pass


class Careful(Lazy):
    wbufsize = -1  # an answer leaves as a whole: a close with unread bytes resets what has not left yet

    def answer(self):
        if self.path == "/open/early":
            return self.send(403, "early\n", close=True)
        if "Transfer-Encoding" in self.headers:  # http.server knows no chunks (RFC 9112 section 6.1)
            return self.send(411, "a length is wanted\n", close=True)
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if self.path == "/open/empty":
            return self.send(204, None)
        if self.path == "/open/unchanged":
            return self.send(304, None)
        if self.path == "/open/stream":
            return self.stream()
        return self.send(200, self.echo(), close=self.path == "/open/closing")

    def send(self, status, text, close=False):
        super().send(status, text, close, body=self.command != "HEAD")

    def stream(self):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if self.command != "HEAD":
            for part in (b"streamed ", b"in parts\n", b""):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Lazy if "--lazy" in sys.argv else Careful)
    print(server.server_address[1], flush=True)
    server.serve_forever()
