/**
 * Node's HTTP modules, loaded when somebody needs them. An import of `node:http` reads every export that it has, and one of them is a whole
 * second client: 40 ms at the start of each thread, and 3 MB of its heap.
 */

export const nodeHttp = (): typeof import('node:http') => process.getBuiltinModule('node:http');
export const nodeHttps = (): typeof import('node:https') => process.getBuiltinModule('node:https');
export const nodeHttp2 = (): typeof import('node:http2') => process.getBuiltinModule('node:http2');
