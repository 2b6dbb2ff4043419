"""OpenStack Cinder's own RBD driver, unchanged, on a pool.

Volume and snapshot objects live in memory instead of Cinder's database. Needs Debian's
python3-cinder, and python3-rbd, which comes with it.
"""

import hashlib
import tempfile

from oslo_config import cfg

from cinder import context as cinder_context
from cinder import coordination
from cinder import objects

objects.register_all()

from cinder.volume import configuration  # noqa: E402
from cinder.volume.drivers import rbd as rbd_driver  # noqa: E402

import cinder_backend  # noqa: E402

CONF = cfg.CONF
GROUP = "pool"
HOST = "interop@pool#pool"


class Backend:
    """One pool under Cinder's driver, and the objects Cinder would have on record."""

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
        "digests",
    )

    def __init__(self, conf, pool, options):
        self._state = tempfile.TemporaryDirectory(prefix="cinder-state-")
        self.volumes = {}
        self.snapshots = {}
        cinder_backend.start_cinder(self._state.name)
        self._context = cinder_context.get_admin_context()
        config = configuration.Configuration(
            rbd_driver.RBD_OPTS, config_group=GROUP
        )
        CONF.register_opts(rbd_driver.RBD_OPTS, group=GROUP)
        settings = {"rbd_ceph_conf": conf, "rbd_pool": pool, "rbd_user": None}
        for name, value in (settings | options).items():
            CONF.set_override(name, value, group=GROUP)
        self.driver = rbd_driver.RBDDriver(configuration=config, host=HOST)
        self.driver.do_setup(None)
        self.driver.check_for_setup_error()

    def description(self):
        return {"fsid": self.driver._get_fsid()}

    def close(self):
        coordination.COORDINATOR.stop()
        self._state.cleanup()

    # Operations of the driver.

    def create_volume(self, id, size_gib):
        volume = self._remember(id, size_gib)
        self.driver.create_volume(volume)

    def delete_volume(self, id):
        self.driver.delete_volume(self.volumes[id])
        del self.volumes[id]

    def extend_volume(self, id, size_gib):
        self.driver.extend_volume(self.volumes[id], size_gib)
        self.volumes[id].size = size_gib

    def create_snapshot(self, volume_id, id):
        self.driver.create_snapshot(self._remember_snapshot(id, self.volumes[volume_id]))

    def delete_snapshot(self, id):
        self.driver.delete_snapshot(self.snapshots[id])
        del self.snapshots[id]

    def create_cloned_volume(self, id, source_id, size_gib=None):
        source = self.volumes[source_id]
        self.driver.create_cloned_volume(
            self._remember(id, size_gib or source.size), source
        )

    def create_volume_from_snapshot(self, id, snapshot_id, size_gib=None):
        snapshot = self.snapshots[snapshot_id]
        volume = self._remember(id, size_gib or snapshot.volume_size)
        volume.snapshot_id = snapshot_id
        self.driver.create_volume_from_snapshot(volume, snapshot)

    def revert_to_snapshot(self, snapshot_id):
        snapshot = self.snapshots[snapshot_id]
        self.driver.revert_to_snapshot(self._context, snapshot.volume, snapshot)

    def initialize_connection(self, id):
        return self.driver.initialize_connection(self.volumes[id], {})

    def stats(self):
        return self.driver.get_volume_stats(True)

    # What Cinder sees, and what a guest would do.

    def adopt(self, id, size_gib, snapshots=()):
        """Put a volume that is in the pool already, and its snapshots, on record."""
        volume = self._remember(id, size_gib)
        for snapshot_id in snapshots:
            self._remember_snapshot(snapshot_id, volume)

    def write(self, id, offset, length, byte):
        with self._opened(self.volumes[id].name) as image:
            image.write(bytes([byte]) * length, offset)

    def digests(self, ranges, id=None, snapshot_id=None):
        """The SHA-256 of each [offset, length] of a volume or a snapshot."""
        snapshot = self.snapshots.get(snapshot_id)
        volume = snapshot.volume if snapshot else self.volumes[id]
        with self._opened(volume.name, snapshot.name if snapshot else None) as image:
            return [
                hashlib.sha256(image.read(offset, length)).hexdigest()
                for offset, length in ranges
            ]

    # Inside.

    def _opened(self, name, snapshot=None):
        return rbd_driver.RBDVolumeProxy(
            self.driver, name, snapshot=snapshot, read_only=snapshot is not None
        )

    def _remember(self, id, size_gib):
        self.volumes[id] = objects.Volume(
            self._context,
            id=id,
            _name_id=None,
            size=size_gib,
            status="available",
            attach_status="detached",
            display_name=id,
            host=HOST,
            volume_type_id=None,
            encryption_key_id=None,
            multiattach=False,
            source_volid=None,
            snapshot_id=None,
            use_quota=False,
            metadata={},
            admin_metadata={},
            glance_metadata={},
            volume_attachment=objects.VolumeAttachmentList(objects=[]),
        )
        return self.volumes[id]

    def _remember_snapshot(self, id, volume):
        snapshot = objects.Snapshot(
            self._context,
            id=id,
            volume_id=volume.id,
            volume_size=volume.size,
            status="available",
            progress="100%",
            display_name=id,
            encryption_key_id=None,
            use_quota=False,
        )
        snapshot.volume = volume
        self.snapshots[id] = snapshot
        return snapshot
