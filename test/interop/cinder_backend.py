"""OpenStack Cinder's own file-on-share driver, run on a plain directory.

The driver is Cinder's NFS driver, unchanged: names, locks, chain records, checks
and every qemu-img call are Cinder's. Replaced is only what needs a cloud around it:

- mounting does nothing, the directory below the mount point base is the share;
- volume and snapshot objects live in memory instead of Cinder's database;
- nothing asks for root.

Reverting comes from Cinder's remotefs mixin, which the NFS driver does not use but
other drivers of the same family do.

Needs Debian's python3-cinder and qemu-utils.
"""

import contextlib
import hashlib
import os
import subprocess
import tempfile
import uuid

from oslo_concurrency import processutils
from oslo_config import cfg

from cinder import context as cinder_context
from cinder import coordination
from cinder import objects
from cinder import utils

objects.register_all()

from cinder.volume import configuration  # noqa: E402
from cinder.volume.drivers import nfs  # noqa: E402
from cinder.volume.drivers import remotefs  # noqa: E402

CONF = cfg.CONF
GROUP = "share"
HOST = "interop@share#pool"


class UnknownObjectError(Exception):
    """A request names a volume or a snapshot that nobody created or adopted."""


class DirectoryDriver(remotefs.RevertToSnapshotMixin, nfs.NfsDriver):
    """Cinder's NFS driver on shares that need no mounting."""

    def _ensure_share_mounted(self, nfs_share):
        os.makedirs(self._get_mount_point_for_share(nfs_share), exist_ok=True)


class Backend:
    """One share under Cinder's driver, and the objects Cinder would have on record."""

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

    def __init__(
        self, base, share, qcow2=False, secure_permissions=False, limited=True
    ):
        self._state = tempfile.TemporaryDirectory(prefix="cinder-state-")
        self._context = None
        self.share = share
        self.qcow2 = qcow2
        self.volumes = {}
        self.snapshots = {}
        options = {
            "nfs_mount_point_base": os.path.realpath(base),
            "nfs_shares_config": self._write_shares_file(),
            "nfs_snapshot_support": True,
            "nas_secure_file_operations": "false",
            "nas_secure_file_permissions": str(secure_permissions).lower(),
        }
        self._execute = execute if limited else execute_without_limits
        self.driver = self._start(options)

    @property
    def directory(self):
        """The directory that plays the mounted share."""
        return self.driver._get_mount_point_for_share(self.share)

    def description(self):
        return {"directory": self.directory}

    def close(self):
        """Release Cinder's locks and remove its state directory."""
        coordination.COORDINATOR.stop()
        self._state.cleanup()

    # Operations of the driver.

    def create_volume(self, id, size_gib, format=None):
        volume = self._volume(id, size_gib)
        self._choose_format(format)
        volume.update(self.driver.create_volume(volume))
        return self._remember(volume)

    def delete_volume(self, id):
        self.driver.delete_volume(self.find_volume(id))
        del self.volumes[id]
        for snapshot in self._snapshots_of(id):
            del self.snapshots[snapshot.id]

    def extend_volume(self, id, size_gib):
        volume = self.find_volume(id)
        self.driver.extend_volume(volume, size_gib)
        volume.size = size_gib

    def create_snapshot(self, volume_id, id):
        snapshot = self._snapshot(id, self.find_volume(volume_id))
        self.driver.create_snapshot(snapshot)
        self.snapshots[id] = snapshot

    def delete_snapshot(self, id):
        self.driver.delete_snapshot(self.find_snapshot(id))
        del self.snapshots[id]

    def create_cloned_volume(self, id, source_id, size_gib=None, format=None):
        source = self.find_volume(source_id)
        volume = self._volume(id, size_gib or source.size)
        self._choose_format(format)
        volume.update(self.driver.create_cloned_volume(volume, source))
        return self._remember(volume)

    def create_volume_from_snapshot(self, id, snapshot_id, size_gib=None, format=None):
        snapshot = self.find_snapshot(snapshot_id)
        volume = self._volume(id, size_gib or snapshot.volume_size)
        self._choose_format(format)
        volume.update(self.driver.create_volume_from_snapshot(volume, snapshot))
        return self._remember(volume)

    def revert_to_snapshot(self, snapshot_id):
        snapshot = self.find_snapshot(snapshot_id)
        self.driver.revert_to_snapshot(self._context, snapshot.volume, snapshot)

    def initialize_connection(self, id):
        return self.driver.initialize_connection(self.find_volume(id), {})

    def stats(self):
        return self.driver.get_volume_stats(True)

    # What Cinder sees, and what a guest would do.

    def adopt(self, id, size_gib, format=None, snapshots=()):
        """Put a volume that is on the share already, and its snapshots, on record."""
        volume = self._volume(id, size_gib)
        volume.provider_location = self.share
        if format:
            volume.admin_metadata["format"] = format
        for snapshot in self._snapshots_of(id):
            del self.snapshots[snapshot.id]
        for snapshot_id in snapshots:
            self.snapshots[snapshot_id] = self._snapshot(snapshot_id, volume)
        return self._remember(volume)

    def info(self, id):
        """The chain record of a volume as it is in its file, or no text."""
        path = self.driver._local_path_volume_info(self.find_volume(id))
        if not os.path.exists(path):
            return {"path": path, "text": None}
        return {"path": path, "text": self.driver._read_file(path)}

    def chain(self, id):
        """The files of a volume as Cinder walks them, the active one first."""
        volume = self.find_volume(id)
        return self.driver._get_backing_chain_for_path(
            volume, self._active_path(volume)
        )

    def write(self, id, offset, length, byte):
        """Fill a range of the active file, through its format, as a guest does."""
        volume = self.find_volume(id)
        path = self._active_path(volume)
        image_format = self._format(path, volume)
        command = f"write -P {byte:#x} {offset} {length}"
        run("qemu-io", "-f", image_format, "-c", command, path)
        return {"path": path, "format": image_format}

    def read(self, offset, length, id=None, snapshot_id=None):
        """The SHA-256 of a range, and its byte where all of the range is one byte."""
        if (id is None) == (snapshot_id is None):
            raise UnknownObjectError("read: give one of id and snapshot_id")
        path, image_format = (
            self._volume_view(id) if id else self._snapshot_view(snapshot_id)
        )
        with self._opened_view(path, image_format) as flat:
            data = read_range(flat, offset, length)
        return {"path": path, "format": image_format, "size": len(data)} | digest(data)

    def digests(self, ranges, id=None, snapshot_id=None):
        """The SHA-256 of each [offset, length], as read, of a volume or snapshot."""
        path, image_format = (
            self._volume_view(id) if id else self._snapshot_view(snapshot_id)
        )
        with self._opened_view(path, image_format) as flat:
            return [digest(read_range(flat, *item))["sha256"] for item in ranges]

    # Inside.

    def find_volume(self, id):
        if id not in self.volumes:
            raise UnknownObjectError(f"no volume {id}: create it or adopt it first")
        return self.volumes[id]

    def find_snapshot(self, id):
        if id not in self.snapshots:
            raise UnknownObjectError(f"no snapshot {id}: create it or adopt it first")
        return self.snapshots[id]

    def _start(self, options):
        start_cinder(self._state.name)
        replace_database(self.volumes)
        run_without_root(self._execute)
        self._context = cinder_context.get_admin_context()
        known = nfs.nfs_opts + remotefs.nas_opts + remotefs.volume_opts
        config = configuration.Configuration(known, config_group=GROUP)
        for name, value in options.items():
            CONF.set_override(name, value, group=GROUP)
        driver = DirectoryDriver(configuration=config, execute=self._execute, host=HOST)
        driver._execute = self._execute
        driver._execute_as_root = False
        driver._ensure_shares_mounted()
        return driver

    def _write_shares_file(self):
        path = os.path.join(self._state.name, "shares")
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.share.replace(" ", "\\040") + "\n")
        return path

    def _choose_format(self, image_format):
        if image_format not in (None, "raw", "qcow2"):
            raise ValueError(f"format: expected raw or qcow2, found {image_format!r}")
        qcow2 = self.qcow2 if image_format is None else image_format == "qcow2"
        CONF.set_override("nfs_qcow2_volumes", qcow2, group=GROUP)
        # The driver keeps the format of the last volume it made.
        self.driver.format = "qcow2" if qcow2 else "raw"

    def _volume(self, id, size_gib):
        return objects.Volume(
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

    def _snapshot(self, id, volume):
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
        return snapshot

    def _remember(self, volume):
        self.volumes[volume.id] = volume
        return {
            "path": self.driver.local_path(volume),
            "provider_location": volume.provider_location,
            "format": volume.admin_metadata.get("format"),
        }

    def _snapshots_of(self, volume_id):
        return [s for s in self.snapshots.values() if s.volume_id == volume_id]

    def _active_path(self, volume):
        return os.path.join(
            self.driver._local_volume_dir(volume),
            self.driver.get_active_image_from_info(volume),
        )

    def _format(self, path, volume):
        return self.driver._qemu_img_info(path, volume.name).file_format

    def _volume_view(self, id):
        volume = self.find_volume(id)
        path = self._active_path(volume)
        return path, self._format(path, volume)

    def _snapshot_view(self, id):
        """The file that backs the one on record for a snapshot: what it preserves."""
        volume = self.find_snapshot(id).volume
        info_path = self.driver._local_path_volume_info(volume)
        record = self.driver._read_info_file(info_path)
        directory = self.driver._local_volume_dir(volume)
        above = self.driver._qemu_img_info(
            os.path.join(directory, record[id]), volume.name
        )
        path = os.path.join(directory, above.backing_file)
        return path, self._format(path, volume)

    @contextlib.contextmanager
    def _opened_view(self, path, image_format):
        """A file with the bytes a guest sees, for as long as it is needed."""
        if image_format == "raw":
            yield path
            return
        flat = os.path.join(self._state.name, "flat.raw")
        run("qemu-img", "convert", "-f", image_format, "-O", "raw", path, flat)
        try:
            yield flat
        finally:
            os.unlink(flat)


def start_cinder(state):
    """Set Cinder up without configuration files, its state and locks below `state`."""
    CONF([], project="cinder", default_config_files=[], default_config_dirs=[])
    locks = os.path.join(state, "locks")
    os.makedirs(locks)
    CONF.set_override("state_path", state)
    CONF.set_override("lock_path", locks, group="oslo_concurrency")
    CONF.set_override("backend_url", "file://" + locks, group="coordination")
    coordination.COORDINATOR.start()


def replace_database(volumes):
    """Let Cinder's objects find and keep each other in memory."""

    def create_snapshot(snapshot):
        snapshot.id = str(uuid.uuid4())

    objects.Volume.save = lambda volume: None
    objects.Volume.get_by_id = lambda context, id, *args, **kwargs: volumes[id]
    objects.Snapshot.create = create_snapshot
    objects.Snapshot.save = lambda snapshot: None
    objects.Snapshot.destroy = lambda snapshot: None


def run_without_root(execute):
    """Make Cinder's helper modules run their commands as the calling user, too."""
    utils.execute = execute


def execute(*command, **options):
    """Run a command as Cinder does, leaving out the change of user."""
    options.pop("run_as_root", None)
    options.pop("root_helper", None)
    return processutils.execute(*command, **options)


def execute_without_limits(*command, **options):
    """The same without the second Python that Cinder starts just to set limits."""
    options.pop("prlimit", None)
    return execute(*command, **options)


def run(*command):
    """Run a tool; its complaint becomes the error."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        complaint = done.stderr.strip() or done.stdout.strip()
        raise RuntimeError(f"{' '.join(command)}: {complaint}")


def read_range(path, offset, length):
    """Bytes of a file; fewer than asked for where the file ends."""
    with open(path, "rb") as file:
        file.seek(offset)
        return file.read(length)


def digest(data):
    """The SHA-256 of some bytes, and the byte they all are, if they are."""
    uniform = len(data) > 0 and data.count(data[:1]) == len(data)
    return {
        "sha256": hashlib.sha256(data).hexdigest(),
        "byte": data[0] if uniform else None,
    }
