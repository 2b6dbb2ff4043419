/**
 * The environment of qemu's tools. They start up to 64 threads, for each of which the C library would set aside
 * address space of its own: a sound image would then reach the limit that is meant for hostile ones.
 */
export const TOOL_ENVIRONMENT: Readonly<Record<string, string>> = { MALLOC_ARENA_MAX: '1' };
