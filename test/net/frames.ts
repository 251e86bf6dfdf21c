// What the switch reads and writes in a packet of VXLAN: 8 bytes of header, then a frame of Ethernet, in which there is IPv4
// or nothing of interest.

const ETHERNET = 8;
const IPV4 = ETHERNET + 14;
const TYPE_IPV4 = 0x0800;
const SMALLEST = IPV4 + 20;
const MORE_FRAGMENTS_OR_OFFSET = 0x3fff;

export const TCP = 6;
export const UDP = 17;

/** One end of what a packet belongs to: an IPv4 address and a port. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** @returns the last byte of the frame's destination, by which hosts are numbered; undefined for what is not IPv4. */
export function destination(packet: Buffer): number | undefined {
  if (packet.length < SMALLEST || packet.readUInt16BE(IPV4 - 2) !== TYPE_IPV4) return undefined;
  return packet[ETHERNET + 5];
}

/** In place, as `destination` reads it. @param host from 1 */
export function setDestination(packet: Buffer, host: number): void {
  packet.set([2, 0, 0, 0, 0, host], ETHERNET);
}

/** @param packet one that has a destination. @returns the IPv4 address that it goes to. */
export function destinationAddress(packet: Buffer): string {
  return readAddress(packet, IPV4 + 16);
}

/** Where TCP or UDP goes from and to; undefined for all else, and for pieces of a packet, where there are no ports. */
export interface Flow {
  readonly protocol: number;
  readonly from: Endpoint;
  readonly to: Endpoint;
}

/** @param packet one that has a destination */
export function flowOf(packet: Buffer): Flow | undefined {
  const protocol = packet[IPV4 + 9] ?? 0;
  const ports = portsAt(packet);
  const isWhole = (packet.readUInt16BE(IPV4 + 6) & MORE_FRAGMENTS_OR_OFFSET) === 0;
  if ((protocol !== TCP && protocol !== UDP) || !isWhole || ports + 8 > packet.length) return undefined;
  return {
    protocol,
    from: { address: readAddress(packet, IPV4 + 12), port: packet.readUInt16BE(ports) },
    to: { address: readAddress(packet, IPV4 + 16), port: packet.readUInt16BE(ports + 2) },
  };
}

/** In place, the header's checksum with it; that of TCP or UDP is left to `writeChecksum`. @param packet one that has a flow */
export function setSource(packet: Buffer, from: Endpoint): void {
  rewrite(packet, { at: 12, port: 0 }, from);
}

/** As `setSource`. */
export function setTarget(packet: Buffer, to: Endpoint): void {
  rewrite(packet, { at: 16, port: 2 }, to);
}

function rewrite(packet: Buffer, place: { at: number; port: number }, { address, port }: Endpoint): void {
  packet.set(address.split('.').map(Number), IPV4 + place.at);
  const ports = portsAt(packet);
  packet.writeUInt16BE(port, ports + place.port);
  packet.writeUInt16BE(0, IPV4 + 10);
  packet.writeUInt16BE(~fold(sum(packet, IPV4, ports)) & 0xffff, IPV4 + 10);
}

/** Of TCP, in place, and for UDP none, as is allowed there: between interfaces without wires the kernel leaves it out. */
export function writeChecksum(packet: Buffer): void {
  const protocol = packet[IPV4 + 9];
  const start = portsAt(packet);
  const end = IPV4 + packet.readUInt16BE(IPV4 + 2);
  if (end > packet.length) return;
  if (protocol === UDP && start + 8 <= end) packet.writeUInt16BE(0, start + 6);
  if (protocol !== TCP || start + 20 > end) return;
  packet.writeUInt16BE(0, start + 16);
  const addresses = sum(packet, IPV4 + 12, IPV4 + 20);
  packet.writeUInt16BE(~fold(addresses + TCP + end - start + sum(packet, start, end)) & 0xffff, start + 16);
}

/** Behind the header of IPv4, whose length varies, TCP and UDP begin with their ports. */
function portsAt(packet: Buffer): number {
  return IPV4 + ((packet[IPV4] ?? 0) & 15) * 4;
}

function readAddress(packet: Buffer, at: number): string {
  return packet.subarray(at, at + 4).join('.');
}

/** Of 16-bit words, the last one filled up with zero. */
function sum(bytes: Buffer, start: number, end: number): number {
  let total = 0;
  for (let at = start; at + 1 < end; at += 2) total += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  return (end - start) % 2 === 0 ? total : total + ((bytes[end - 1] ?? 0) << 8);
}

function fold(total: number): number {
  let folded = total;
  while (folded > 0xffff) folded = (folded & 0xffff) + (folded >>> 16);
  return folded;
}
