// Signs for a validator whose key is in a signer process. Which key that is the chain says for each epoch: the validator
// may be registered, or its key changed, while the node runs.

import { SignerError } from '../crypto/signer/errors.ts';
import { RemoteSigner } from '../crypto/signer/remote/remote-signer.ts';
import type { Signer } from '../crypto/signer/signer.ts';
import { equalBytes } from '../primitives/bytes.ts';
import type { ProposalData, VoteData } from '../primitives/consensus.ts';
import type { Hash } from '../primitives/hash.ts';
import type { PeerBinding } from '../primitives/peer-binding.ts';

export interface RemoteValidatorOptions {
  /** of the unix socket */
  readonly path: string;
  readonly genesisHash: Hash;
  /** the validator's key in an epoch; undefined while it is not registered */
  readonly keyIn: (epoch: number) => Uint8Array | undefined;
}

export class RemoteValidator implements Omit<Signer, 'publicKey'> {
  readonly #o: RemoteValidatorOptions;
  /** for the key that was needed last */
  #signer: RemoteSigner | undefined;

  constructor(options: RemoteValidatorOptions) {
    this.#o = options;
  }

  async signProposal(data: ProposalData): Promise<Uint8Array> {
    return this.#of(data.epoch).signProposal(data);
  }

  async signVote(data: VoteData): Promise<Uint8Array> {
    return this.#of(data.epoch).signVote(data);
  }

  async signPeerBinding(binding: PeerBinding): Promise<Uint8Array> {
    return this.#with(binding.validator).signPeerBinding(binding);
  }

  /** Of one that is not registered nothing was signed yet. */
  async raiseFloor(epoch: number, slot: number): Promise<void> {
    await this.#find(epoch)?.raiseFloor(epoch, slot);
  }

  async observed(data: VoteData | ProposalData): Promise<void> {
    await this.#of(data.epoch).observed(data);
  }

  /** Told to the signer that has asked for it. */
  async listened(): Promise<void> {
    await this.#signer?.listened();
  }

  async close(): Promise<void> {
    await this.#signer?.close();
  }

  #of(epoch: number): RemoteSigner {
    const signer = this.#find(epoch);
    if (signer !== undefined) return signer;
    throw new SignerError('UNREACHABLE', 'the validator for which the signer would sign is not registered');
  }

  #find(epoch: number): RemoteSigner | undefined {
    const publicKey = this.#o.keyIn(epoch);
    return publicKey && this.#with(publicKey);
  }

  #with(publicKey: Uint8Array): RemoteSigner {
    if (this.#signer === undefined || !equalBytes(this.#signer.publicKey, publicKey)) {
      void this.#signer?.close();
      const { path, genesisHash } = this.#o;
      this.#signer = new RemoteSigner({ path, publicKey, genesisHash });
    }
    return this.#signer;
  }
}
