/** The release was paused, stopped or taken over by another process: leave everything as it is. No failure. */
export class StopWork extends Error {}
