#!/usr/bin/python3
"""Run OpenStack Cinder's file-on-share driver on a directory, for other programs.

Serve:  cinder_share.py --base DIR --share HOST:/PATH [--qcow2] [--secure-permissions]
Time:   cinder_share.py --bench DIR N DEPTH [--qcow2] [--secure-permissions]

Serving, one JSON object a line. The share is the directory <base>/<md5 of the share>.
The first line out says that the server is ready. Then each line in, such as

    {"op": "create_snapshot", "volume_id": "...", "id": "..."}

is answered by one line, in turn:

    {"ok": true, "result": ..., "elapsed": seconds}
    {"ok": false, "error": message, "type": class of the error, "elapsed": seconds}

Operations and their fields (those in brackets may be left out):

    create_volume                 id size_gib [format]
    delete_volume                 id
    extend_volume                 id size_gib
    create_snapshot               volume_id id
    delete_snapshot               id
    create_cloned_volume          id source_id [size_gib] [format]
    create_volume_from_snapshot   id snapshot_id [size_gib] [format]
    revert_to_snapshot            snapshot_id
    initialize_connection         id
    stats
    adopt                         id size_gib [format] [snapshots: ids]
    write                         id offset length byte
    read                          id or snapshot_id, offset length
    digests                       id or snapshot_id, ranges: [[offset, length], ...]
    info                          id
    chain                         id

The server ends when its standard input does, or on SIGTERM. Logs go to standard error.

Timing prints one JSON object, operation -> list of seconds, over N rounds: create a
volume, take DEPTH snapshots, connect, delete the snapshots oldest first, delete the
volume.
"""

import argparse
import gc
import inspect
import json
import logging
import os
import signal
import sys
import time
import uuid

STARTED = time.perf_counter()
OPERATIONS = (
    "create_volume",
    "delete_volume",
    "extend_volume",
    "create_snapshot",
    "delete_snapshot",
    "create_cloned_volume",
    "create_volume_from_snapshot",
    "revert_to_snapshot",
    "initialize_connection",
    "stats",
    "adopt",
    "write",
    "read",
    "digests",
    "info",
    "chain",
)


class RequestError(Exception):
    """A line that is not a request this server knows."""


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base", metavar="DIR", help="mount point base")
    parser.add_argument("--share", metavar="HOST:/PATH", help="the share to play")
    parser.add_argument("--bench", nargs=3, metavar=("DIR", "N", "DEPTH"))
    parser.add_argument("--qcow2", action="store_true", help="nfs_qcow2_volumes")
    parser.add_argument(
        "--secure-permissions",
        action="store_true",
        help="nas_secure_file_permissions: files are 0660, not 0666",
    )
    parser.add_argument(
        "--no-eventlet",
        action="store_true",
        help="wait for tools natively, not as the Cinder service does",
    )
    parser.add_argument(
        "--no-limits",
        action="store_true",
        help="run qemu-img without Cinder's limits, which take a Python for each run",
    )
    parser.add_argument("--log-level", default="ERROR")
    arguments = parser.parse_args()
    if not arguments.bench and not (arguments.base and arguments.share):
        parser.error("give --base and --share, or --bench")
    return arguments


def load_backend(eventlet):
    """Import Cinder, as fast as it goes, in the setting its services run in."""
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
    import cinder_backend

    gc.freeze()
    gc.enable()
    return cinder_backend


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
    if operation not in OPERATIONS:
        raise RequestError(f"unknown op {operation!r}; known: {', '.join(OPERATIONS)}")
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
    def send(reply):
        answers.write(json.dumps(reply, default=str) + "\n")
        answers.flush()

    ready = {"ready": True, "directory": backend.directory, "pid": os.getpid()}
    elapsed = round(time.perf_counter() - STARTED, 6)
    send({"ok": True, "result": ready, "elapsed": elapsed})
    for line in iter(requests.readline, ""):
        if line.strip():
            send(answer(backend, line))


def bench(backend, rounds, depth):
    """Time the life of a volume with snapshots, operation by operation."""
    seconds = {}

    def timed(operation, *args):
        method = getattr(backend, operation)
        start = time.perf_counter()
        method(*args)
        elapsed = time.perf_counter() - start
        seconds.setdefault(operation, []).append(round(elapsed, 6))

    for _ in range(rounds):
        volume = str(uuid.uuid4())
        snapshots = [str(uuid.uuid4()) for _ in range(depth)]
        timed("create_volume", volume, 1)
        for snapshot in snapshots:
            timed("create_snapshot", volume, snapshot)
        timed("initialize_connection", volume)
        for snapshot in snapshots:
            timed("delete_snapshot", snapshot)
        timed("delete_volume", volume)
    return seconds


def main():
    arguments = parse_arguments()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    answers = take_standard_output()
    logging.basicConfig(level=arguments.log_level.upper(), stream=sys.stderr)
    base, rounds, depth = arguments.bench or (arguments.base, 0, 0)
    share = arguments.share or "localhost:/bench"
    backend = load_backend(not arguments.no_eventlet).Backend(
        base,
        share,
        arguments.qcow2,
        arguments.secure_permissions,
        not arguments.no_limits,
    )
    try:
        if arguments.bench:
            json.dump(bench(backend, int(rounds), int(depth)), answers)
            answers.write("\n")
        else:
            serve(backend, sys.stdin, answers)
    finally:
        answers.flush()
        backend.close()


if __name__ == "__main__":
    main()
