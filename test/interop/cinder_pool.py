#!/usr/bin/python3
"""Run OpenStack Cinder's RBD driver on a pool, for other programs.

usage: cinder_pool.py --conf CEPH_CONF --pool POOL [--set OPTION=VALUE ...]

The protocol is that of cinder_server.py. Operations and their fields (those in brackets
may be left out):

    create_volume                 id size_gib
    delete_volume                 id
    extend_volume                 id size_gib
    create_snapshot               volume_id id
    delete_snapshot               id
    create_cloned_volume          id source_id [size_gib]
    create_volume_from_snapshot   id snapshot_id [size_gib]
    revert_to_snapshot            snapshot_id
    initialize_connection         id
    stats
    adopt                         id size_gib [snapshots: ids]
    write                         id offset length byte
    digests                       id or snapshot_id, ranges: [[offset, length], ...]

The server ends when its standard input does, or on SIGTERM. Logs go to standard error.
"""

import argparse
import logging
import signal
import sys

import cinder_server


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--conf", required=True, help="the cluster's configuration")
    parser.add_argument("--pool", required=True)
    parser.add_argument("--set", action="append", default=[], metavar="OPTION=VALUE")
    parser.add_argument("--log-level", default="ERROR")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    answers = cinder_server.take_standard_output()
    logging.basicConfig(level=arguments.log_level.upper(), stream=sys.stderr)
    cinder_server.prepare(eventlet=True)
    import cinder_pool_backend

    cinder_server.loaded()
    options = dict(pair.split("=", 1) for pair in arguments.set)
    backend = cinder_pool_backend.Backend(arguments.conf, arguments.pool, options)
    try:
        cinder_server.serve(backend, sys.stdin, answers)
    finally:
        answers.flush()
        backend.close()


if __name__ == "__main__":
    main()
