"""What Slack's and Twilio's own libraries hold of messages.

Reads `{"slack": [message, ...], "twilio": {...}}`: Slack's validates each message's blocks; Twilio's sends the same text
message and call, to nowhere, so that its requests can be compared, and signs a callback.
"""

import json
import sys
import xml.etree.ElementTree as ElementTree

from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block
from slack_sdk.models.blocks.block_elements import ButtonElement
from twilio.http import HttpClient
from twilio.http.response import Response
from twilio.request_validator import RequestValidator
from twilio.rest import Client
from twilio.twiml.voice_response import Gather, VoiceResponse

asked = json.load(sys.stdin)


def wrong(message):
    found = []
    for raw in message["blocks"]:
        block = Block.parse(raw)
        parts = [block] + list(getattr(block, "fields", None) or []) + list(getattr(block, "elements", None) or [])
        parts += [part.text for part in parts if isinstance(part, ButtonElement)]
        for part in parts:
            try:
                part.validate_json()
            except SlackObjectFormationError as error:
                found.append(f"{raw['type']}: {error}")
        # What the library doesn't know of the message would be lost when it writes it again.
        if block.to_dict() != raw:
            found.append(f"{block.to_dict()} is not {raw}")
    return found


class Kept(HttpClient):
    """Keeps requests instead of sending them."""

    def __init__(self):
        super().__init__(None, False, None)
        self.requests = []

    def request(self, method, url, params=None, data=None, headers=None, auth=None, **_):
        self.requests.append({
            "method": method,
            "url": url,
            "form": data,
            "auth": list(auth),
            "content_type": headers["Content-Type"],
        })
        return Response(201, json.dumps({"sid": "SM0"}))


def sent(account, token, number, to, text, twiml):
    kept = Kept()
    client = Client(account, token, http_client=kept)
    client.messages.create(to=to, from_=number, body=text)
    client.calls.create(to=to, from_=number, twiml=twiml)
    return kept.requests


def canonical(xml):
    return ElementTree.canonicalize(xml)


def call(said, link):
    """The same call, written by Twilio's own library."""
    response = VoiceResponse()
    gather = Gather(num_digits=1, timeout=10, method="POST", action=link)
    for _ in range(2):
        if _:
            gather.pause(length=1)
        gather.say(said)
        gather.say("Press 4 to acknowledge.")
    response.append(gather)
    response.say("Nothing was acknowledged. Goodbye.")
    return canonical(str(response))


def answer(sentence):
    response = VoiceResponse()
    response.say(sentence)
    response.hangup()
    return canonical(str(response))


said = {"slack": [wrong(message) for message in asked.get("slack", [])]}
if twilio := asked.get("twilio"):
    said["requests"] = sent(*(twilio[name] for name in ("account", "token", "number", "to", "text", "twiml")))
    said["ours"] = canonical(twilio["twiml"])
    said["theirs"] = call(twilio["said"], twilio["link"])
    said["signature"] = RequestValidator(twilio["token"]).compute_signature(twilio["link"], {"Digits": "4"})
if answers := asked.get("answers"):
    said["answers"] = [[canonical(xml), answer(sentence)] for xml, sentence in answers]
json.dump(said, sys.stdout)
