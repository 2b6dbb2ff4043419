import type { Claim } from '@scoria/store';

export const wholeVolume = (id: string): Claim => ({ kind: 'volume', id, mode: 'exclusive' });
export const sharedVolume = (id: string): Claim => ({ kind: 'volume', id, mode: 'shared' });
export const wholeSnapshot = (id: string): Claim => ({ kind: 'snapshot', id, mode: 'exclusive' });
export const sharedSnapshot = (id: string): Claim => ({ kind: 'snapshot', id, mode: 'shared' });
export const wholeAttachment = (id: string): Claim => ({ kind: 'attachment', id, mode: 'exclusive' });
