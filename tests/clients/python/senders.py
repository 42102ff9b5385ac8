"""Sends what it is told to by the clients that PagerDuty and Opsgenie give away, and says what they gave back.

Reads `{"url", "tls", "key", "steps": [[client, call, arguments]]}`.
"""

import json
import sys

import opsgenie_sdk
import pagerduty

asked = json.load(sys.stdin)


def of_pagerduty(call, arguments):
    client = pagerduty.EventsApiV2Client(asked["key"], base_url=asked["tls"])
    return getattr(client, call)(**arguments)


def of_opsgenie(call, arguments):
    configuration = opsgenie_sdk.configuration.Configuration()
    configuration.host = asked["url"]
    configuration.api_key["Authorization"] = asked["key"]
    api = opsgenie_sdk.AlertApi(opsgenie_sdk.ApiClient(configuration=configuration))
    if call == "create_alert":
        answer = api.create_alert(opsgenie_sdk.CreateAlertPayload(**arguments))
    else:
        answer = getattr(api, call)(**arguments)
    return {"result": answer.result, "request": answer.request_id}


def tried(client, call, arguments):
    try:
        return (of_pagerduty if client == "pagerduty" else of_opsgenie)(call, arguments)
    except (pagerduty.Error, opsgenie_sdk.exceptions.OpenApiException) as error:
        return {"error": type(error).__name__, "says": str(error)}


json.dump([tried(*step) for step in asked["steps"]], sys.stdout)
