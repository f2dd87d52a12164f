/** The fault that passes: another process, on another CPU, may be given what this one was not. */
export const NO_TIMER = 'Cannot start the sweep of the flow table';
