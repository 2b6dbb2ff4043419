import koffi from 'koffi';
import { closeSync } from 'node:fs';
import { NativeCall } from './call.js';

const AF_UNIX = 1;
const SOCK_SEQPACKET = 5;
const O_NONBLOCK = 0o4000;
const O_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
const MSG_NOSIGNAL = 0x4000;
const MSG_CMSG_CLOEXEC = 0x40000000;

/** What the kernel takes with one message (SCM_MAX_FD). */
const MOST_AT_ONCE = 253;
const INT_BYTES = 4;
/** `struct cmsghdr` of 64-bit Linux: length, level, type; the descriptors follow. */
const CONTROL_HEADER_BYTES = 16;
const LEVEL_AT = 8;
const TYPE_AT = 12;
/** What a descriptor is sent with, as no message goes without a byte. */
const BYTE = Buffer.alloc(1);

const iovec = koffi.struct({ base: 'void *', length: 'size_t' });
const msghdr = koffi.struct({
  name: 'void *',
  nameLength: 'uint32',
  parts: koffi.pointer(iovec),
  partCount: 'size_t',
  control: 'void *',
  controlLength: 'size_t',
  flags: 'int',
});

const pipe2 = new NativeCall('pipe2', 'int', ['void *', 'int']);
const socketpair = new NativeCall('socketpair', 'int', ['int', 'int', 'int', 'void *']);
const sendmsg = new NativeCall('sendmsg', 'int64', ['int', koffi.pointer(msghdr), 'int']);
const recvmsg = new NativeCall('recvmsg', 'int64', ['int', koffi.inout(koffi.pointer(msghdr)), 'int']);

/* None of these calls waits for anything, and none asks a file system. All descriptors are closed by exec. */

/** A pipe: what is written into the second is read from the first. */
export function makePipe(): [read: number, write: number] {
  return pairOf((pair) => pipe2.callNow(pair, O_CLOEXEC));
}

/** Two sockets that are connected with each other and keep messages apart; neither ever waits. */
export function makeSocketPair(): [number, number] {
  return pairOf((pair) => socketpair.callNow(AF_UNIX, SOCK_SEQPACKET | O_CLOEXEC | O_NONBLOCK, 0, pair));
}

/**
 * Sends open files in one message; they stay open here. Whoever has the other end of the socket has them too from now
 * on, received or not: what is locked stays locked until that end is closed by all who have it.
 * Raises `EAGAIN` where too many messages wait to be received, `EPIPE` or `ECONNRESET` where nobody has the other end
 * any more.
 */
export function sendDescriptors(socket: number, descriptors: readonly number[]): void {
  const control = Buffer.alloc(controlBytes(descriptors.length));
  control.writeBigUInt64LE(BigInt(CONTROL_HEADER_BYTES + descriptors.length * INT_BYTES), 0);
  control.writeInt32LE(SOL_SOCKET, LEVEL_AT);
  control.writeInt32LE(SCM_RIGHTS, TYPE_AT);
  for (const [index, descriptor] of descriptors.entries()) {
    control.writeInt32LE(descriptor, CONTROL_HEADER_BYTES + index * INT_BYTES);
  }
  sendmsg.callNow(socket, messageWith(control), MSG_NOSIGNAL);
}

/** Receives the open files of one message. Raises `EAGAIN` when there is none. */
export function receiveDescriptors(socket: number): number[] {
  const control = Buffer.alloc(controlBytes(MOST_AT_ONCE));
  recvmsg.callNow(socket, messageWith(control), MSG_CMSG_CLOEXEC);
  const bytes = Math.max(0, Number(control.readBigUInt64LE(0)) - CONTROL_HEADER_BYTES);
  return Array.from({ length: bytes / INT_BYTES }, (_, index) =>
    control.readInt32LE(CONTROL_HEADER_BYTES + index * INT_BYTES),
  );
}

/**
 * A socket that keeps files open, and so their locks, for as long as anybody has it: they wait within it to be
 * received, which nobody does. Unlike the files themselves it can be closed, by exec too, without the file system
 * being asked, which waits where that hangs.
 */
export function socketHolding(descriptors: readonly number[]): number {
  const [sender, holder] = makeSocketPair();
  for (let sent = 0; sent < descriptors.length; sent += MOST_AT_ONCE) {
    sendDescriptors(sender, descriptors.slice(sent, sent + MOST_AT_ONCE));
  }
  closeSync(sender);
  return holder;
}

function messageWith(control: Buffer): object {
  const parts = [{ base: BYTE, length: BYTE.length }];
  const controlLength = control.length;
  return { name: null, nameLength: 0, parts, partCount: 1, control, controlLength, flags: 0 };
}

/** As CMSG_SPACE: a multiple of eight. */
function controlBytes(count: number): number {
  return CONTROL_HEADER_BYTES + Math.ceil((count * INT_BYTES) / 8) * 8;
}

function pairOf(make: (pair: Buffer) => void): [number, number] {
  const pair = Buffer.alloc(2 * INT_BYTES);
  make(pair);
  return [pair.readInt32LE(0), pair.readInt32LE(INT_BYTES)];
}
