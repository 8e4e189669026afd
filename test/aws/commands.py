"""Reads commands of the aws command line, one per line; prints those that the services' own models do not know."""

import shlex
import sys

import botocore.session
import jmespath
from botocore import xform_name

session = botocore.session.get_session()
EVERYWHERE = {"region", "query", "output", "cli-binary-format"}
# Commands of the command line's own, and options of theirs that are used.
OWN = {
    ("s3", "cp"): {"recursive", "exclude"},
    ("s3", "sync"): {"exclude"},
    ("s3", "ls"): {"recursive"},
    ("logs", "tail"): {"follow", "since"},
}
# The command line calls them otherwise than the service.
SERVICES = {"s3api": "s3"}
OPTIONS = {("sns", "subscribe"): {"notification-endpoint": "endpoint"}}


def members(service, operation):
    model = session.get_service_model(SERVICES.get(service, service))
    for name in model.operation_names:
        if xform_name(name, "-") == operation:
            shape = model.operation_model(name).input_shape
            return shape.members if shape else {}
    return None


def fault(line):
    tokens = shlex.split(line)
    for end in ("|", ">", ";", "&&"):
        tokens = tokens[: tokens.index(end)] if end in tokens else tokens
    _, service, operation, *rest = tokens
    options = [token[2:].split("=")[0] for token in rest if token.startswith("--")]
    if "query" in options:
        jmespath.compile(rest[rest.index("--query") + 1])
    if (service, operation) in OWN:
        unknown = set(options) - OWN[(service, operation)] - EVERYWHERE
    else:
        known = members(service, operation)
        if known is None:
            return f"{service} has no {operation}"
        options = [OPTIONS.get((service, operation), {}).get(option, option) for option in options]
        names = {xform_name(name, "-"): shape for name, shape in known.items()}
        flags = {f"no-{name}" for name, shape in names.items() if shape.type_name == "boolean"}
        unknown = set(options) - set(names) - flags - EVERYWHERE
        required = [xform_name(name, "-") for name in shape_required(service, operation)]
        missing = [name for name in required if name not in options]
        # Without a Region it is a mention in a sentence and not a command to be typed.
        if missing and "region" in options:
            return f"{service} {operation} lacks {missing}"
    return f"{service} {operation} does not take {sorted(unknown)}" if unknown else None


def shape_required(service, operation):
    model = session.get_service_model(SERVICES.get(service, service))
    name = next(name for name in model.operation_names if xform_name(name, "-") == operation)
    shape = model.operation_model(name).input_shape
    return shape.required_members if shape else []


for text in sys.stdin.read().splitlines():
    try:
        problem = fault(text)
    except Exception as error:  # whatever is wrong with a line is its fault
        problem = f"{type(error).__name__}: {error}".splitlines()[0]
    if problem:
        print(f"{text}: {problem}")
