#!/usr/bin/python3
"""Run OpenStack Cinder's file-on-share driver on a directory, for other programs.

Serve:  cinder_share.py --base DIR --share HOST:/PATH [--qcow2] [--secure-permissions]
Time:   cinder_share.py --bench DIR N DEPTH [--qcow2] [--secure-permissions]

Serving, one JSON object a line. The share is the directory <base>/<md5 of the share>.
The protocol is that of cinder_server.py. Operations and their fields (those in brackets may be left out):

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
import json
import logging
import signal
import sys
import time
import uuid

import cinder_server


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
    cinder_server.prepare(eventlet)
    import cinder_backend

    cinder_server.loaded()
    return cinder_backend


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
    answers = cinder_server.take_standard_output()
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
            cinder_server.serve(backend, sys.stdin, answers)
    finally:
        answers.flush()
        backend.close()


if __name__ == "__main__":
    main()
