"""A mail server by aiosmtpd. It says what it was handed as JSON lines, parsed by Python's own library for mail.

Arguments: `plain`, or `tls` with a certificate, its key, a user and a password. On standard input it reads how to answer
from then on: `{"codes": ["451 try later", "250 OK"]}`, one for each mail, the last for all that follow.
"""

import asyncio
import email
import email.policy
import json
import logging
import ssl
import sys
import warnings
from email.utils import parsedate_to_datetime

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

answers = ["250 OK"]

# Of clients that break off it says a page each; what matters is what the test sees.
logging.getLogger("mail.log").setLevel(logging.CRITICAL)
warnings.simplefilter("ignore")


def say(said):
    print(json.dumps(said), flush=True)


def parsed(raw):
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    parts = {
        part.get_content_type(): part.get_content()
        for part in mail.walk()
        if not part.is_multipart()
    }
    every = [mail, *mail.walk()]
    return {
        "headers": [[name, str(value)] for name, value in mail.items()],
        "subject": mail["subject"],
        "date": parsedate_to_datetime(mail["date"]).timestamp(),
        "type": mail.get_content_type(),
        "parts": parts,
        "defects": [repr(defect) for part in every for defect in part.defects]
        + [repr(defect) for _, value in mail.items() for defect in value.defects],
        "longest": max(len(line) for line in raw.split(b"\r\n")),
        "bare": raw.replace(b"\r\n", b"").count(b"\n") + raw.replace(b"\r\n", b"").count(b"\r"),
    }


class Handler:
    async def handle_DATA(self, server, session, envelope):
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        say({
            "answered": answer,
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "encrypted": session.ssl is not None,
            "user": session.auth_data if isinstance(session.auth_data, str) else None,
            **parsed(envelope.original_content),
        })
        return answer


def authenticator(user, password):
    def check(server, session, envelope, mechanism, data):
        good = isinstance(data, LoginPassword) and data == LoginPassword(user.encode(), password.encode())
        return AuthResult(success=good, handled=good, auth_data=user if good else None)

    return check


async def main():
    kind, *settings = sys.argv[1:]
    options = {"hostname": "mail.shop.example"}
    if kind == "tls":
        certificate, key, user, password = settings
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate, key)
        options |= {
            "tls_context": context,
            "require_starttls": True,
            "auth_required": True,
            "authenticator": authenticator(user, password),
        }
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Handler(), loop=loop, **options), "127.0.0.1", 0)
    say({"port": server.sockets[0].getsockname()[1]})
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        answers[:] = json.loads(line)["codes"]
        say({"answers": answers})


asyncio.run(main())
