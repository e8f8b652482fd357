/** Kinds of the operations on a move; the input of each names the move. */
export const MOVE_TENANT = 'tenant.move';
/** Before the cut-over: the tenant stays where it was. */
export const ABORT_MOVE = 'tenant.abort-move';
/** After the cut-over: the tenant goes back. */
export const UNDO_MOVE = 'tenant.undo-move';
/** After the undo window: the former database is erased. */
export const FINISH_MOVE = 'tenant.finish-move';
