"""Standard Webhooks' own library says whether these calls are signed with this key."""

import json
import sys

from standardwebhooks import Webhook, WebhookVerificationError

asked = json.load(sys.stdin)
webhook = Webhook(asked["key"])


def verdict(call):
    try:
        webhook.verify(call["text"], call["headers"])
    except WebhookVerificationError as error:
        return str(error)
    return "good"


json.dump([verdict(call) for call in asked["calls"]], sys.stdout)
