export * from './disk-image-module.js';
export * from './qemu-img/chain-layer.js';
export * from './qemu-img/qemu-img-requests.js';
export * from './qemu-img/qemu-img.js';
export * from './qemu-img/virtual-size.js';
