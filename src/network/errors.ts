// What may go wrong in the network room, with a stable code for each reason.

export type NetworkErrorCode =
  /** a listen address is held by another process; the message names it */
  | 'ADDRESS_IN_USE'
  /** a listen address cannot be bound for another reason */
  | 'CANNOT_LISTEN'
  /** a configured address does not parse or lacks its /p2p/ part */
  | 'BAD_ADDRESS'
  /** the identity seed is not 32 bytes */
  | 'BAD_IDENTITY'
  /** neither a peer id nor an IP address */
  | 'BAD_TARGET'
  /** the operator has banned as many as the list holds */
  | 'TOO_MANY_BANS'
  /** called before start() or after stop() */
  | 'NOT_RUNNING'
  /** no connection to that peer */
  | 'NOT_CONNECTED'
  /** what should be sent is past the bound of its topic */
  | 'TOO_LARGE'
  /** the remote sent nothing for too long, or read nothing */
  | 'TIMEOUT'
  /** the stream ended in the middle of a message */
  | 'TRUNCATED'
  /** a message or an answer past its bound was announced */
  | 'OVERSIZED'
  /** bytes that are no message of the protocol */
  | 'MALFORMED'
  /** the remote reset the stream: it refuses, is overloaded or went away */
  | 'RESET'
  /** we refuse: the peer asked for more than its share */
  | 'RATE_LIMITED'
  /** we refuse: the peer has not passed the handshake, or others on its host have used up their share */
  | 'REFUSED'
  /** we refuse: the answer takes us too long */
  | 'BUSY'
  /** the peer belongs to another network or speaks another version */
  | 'INCOMPATIBLE';

export class NetworkError extends Error {
  override readonly name = 'NetworkError';
  readonly code: NetworkErrorCode;

  constructor(code: NetworkErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
