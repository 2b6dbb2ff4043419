"""Serve one of OpenStack Cinder's drivers to other programs, one JSON object a line.

Each line in, such as

    {"op": "create_snapshot", "volume_id": "...", "id": "..."}

names a method of the backend, one of its OPERATIONS, and is answered by one line, in turn:

    {"ok": true, "result": ..., "elapsed": seconds}
    {"ok": false, "error": message, "type": class of the error, "elapsed": seconds}
"""

import gc
import inspect
import json
import logging
import os
import sys
import time

STARTED = time.perf_counter()


class RequestError(Exception):
    """A line that is not a request this server knows."""


def prepare(eventlet):
    """Ready Python for Cinder, whose modules are imported next, as its services run."""
    gc.disable()
    sys.dont_write_bytecode = True
    # Spares the imports of a DNS resolver and of setuptools.
    os.environ.setdefault("EVENTLET_NO_GREENDNS", "yes")
    sys.meta_path[:] = [
        finder
        for finder in sys.meta_path
        if type(finder).__name__ != "DistutilsMetaFinder"
    ]
    if eventlet:
        import eventlet.patcher

        eventlet.patcher.monkey_patch()


def loaded():
    """All modules are there: what they hold need not be looked through again."""
    gc.freeze()
    gc.enable()


def take_standard_output():
    """Keep standard output for answers; what others print goes to standard error."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answers


def parse_request(backend, line):
    """The method a line asks for, bound to its fields."""
    try:
        fields = json.loads(line)
        operation = fields.pop("op")
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise RequestError('expected a JSON object with an "op"') from error
    if operation not in backend.OPERATIONS:
        raise RequestError(f"unknown op {operation!r}; known: {', '.join(backend.OPERATIONS)}")
    method = getattr(backend, operation)
    try:
        bound = inspect.signature(method).bind(**fields)
    except TypeError as error:
        raise RequestError(f"{operation}: {error}") from error
    return lambda: method(*bound.args, **bound.kwargs)


def describe(error):
    """An error's message, with the reason that some of Cinder's templates leave out."""
    message = str(error)
    reason = getattr(error, "kwargs", {}).get("reason")
    if reason and str(reason) not in message:
        return f"{message} {reason}"
    return message


def answer(backend, line):
    """Do what a line asks for; every failure is an answer, too."""
    start = time.perf_counter()
    try:
        operation = parse_request(backend, line)
        start = time.perf_counter()
        reply = {"ok": True, "result": operation()}
    except Exception as error:
        logging.debug("request failed: %s", line, exc_info=True)
        reply = {"ok": False, "error": describe(error), "type": type(error).__name__}
    return reply | {"elapsed": round(time.perf_counter() - start, 6)}


def serve(backend, requests, answers):
    """The first line out says that the server is ready, and what the backend says of itself."""
    def send(reply):
        answers.write(json.dumps(reply, default=str) + "\n")
        answers.flush()

    ready = {"ready": True, "pid": os.getpid()} | backend.description()
    elapsed = round(time.perf_counter() - STARTED, 6)
    send({"ok": True, "result": ready, "elapsed": elapsed})
    for line in iter(requests.readline, ""):
        if line.strip():
            send(answer(backend, line))
