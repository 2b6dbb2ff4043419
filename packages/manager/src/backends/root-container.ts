/** The container of which each backend's is a child: the process' own, with how guests are asked. */
export const RootContainer = Symbol.for('scoria.RootContainer');
