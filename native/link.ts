/** Whole frames of the link layer, out only. It needs CAP_NET_RAW. */
import { addon } from './addon.ts';

/** @throws code EPERM without CAP_NET_RAW */
export const linkSocket = (): number => addon().linkSocket();

/** Sends a frame with all its headers. @param index of the interface @throws code ENETDOWN, ENXIO and their like */
export const linkSend = (fd: number, index: number, frame: Uint8Array): void =>
  addon().linkSend(fd, index, frame);
