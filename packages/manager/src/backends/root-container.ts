/** The container of the process, of which each backend's is a child. */
export const RootContainer = Symbol.for('scoria.RootContainer');
