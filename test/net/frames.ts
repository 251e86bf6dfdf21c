// What the switch reads in a packet of VXLAN: 8 bytes of header, then a frame of Ethernet, in which there is IPv4 or nothing
// of interest.

const ETHERNET = 8;
const IPV4 = ETHERNET + 14;
const TYPE_IPV4 = 0x0800;
const TCP = 6;
const SMALLEST = IPV4 + 20;

/** @returns the last byte of the frame's destination, by which hosts are numbered; undefined for what is not IPv4. */
export function destination(packet: Buffer): number | undefined {
  if (packet.length < SMALLEST || packet.readUInt16BE(IPV4 - 2) !== TYPE_IPV4) return undefined;
  return packet[ETHERNET + 5];
}

/** Computes the checksum of TCP, in place: between interfaces without wires the kernel leaves it out. */
export function writeTcpChecksum(packet: Buffer): void {
  if (packet[IPV4 + 9] !== TCP) return;
  const headerLength = ((packet[IPV4] ?? 0) & 15) * 4;
  const start = IPV4 + headerLength;
  const end = IPV4 + packet.readUInt16BE(IPV4 + 2);
  if (end > packet.length || start + 20 > end) return;
  packet.writeUInt16BE(0, start + 16);
  const addresses = sum(packet, IPV4 + 12, IPV4 + 20);
  packet.writeUInt16BE(~fold(addresses + TCP + end - start + sum(packet, start, end)) & 0xffff, start + 16);
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
