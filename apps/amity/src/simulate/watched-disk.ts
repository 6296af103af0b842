import { ByteReader } from "@amity/bytes";
import { decodeDelivery, type SequencedDelivery } from "@amity/concentrator";
import type { Files } from "@amity/runtime";

/** Where the concentrator's log lives on its disk, and the octets before each of its records: length, CRC-32, sequence number. */
const FOLDER = "deliveries";
const MARK = "acknowledged";
const HEADER_OCTETS = 16;

/** What is told of a concentrator's disk. */
export interface DiskWatch {
  /** Something is about to be written. */
  onWrite(): void;
  /** The head-end has acknowledged everything up to `sequence`; `held` are the deliveries on the disk at that moment. */
  onAcknowledged(sequence: number, held: readonly SequencedDelivery[]): void;
}

/** The same files, read along from outside: what a concentrator may forget is noted before it forgets it. */
export function watchedFiles(files: Files, watch: DiskWatch): Files {
  return {
    read: (path) => files.read(path),
    list: (folder) => files.list(folder),
    remove: (path) => files.remove(path),
    append(path, data) {
      watch.onWrite();
      return files.append(path, data);
    },
    async replace(path, data) {
      if (path === MARK) watch.onAcknowledged(sequenceOf(data), await heldDeliveries(files));
      watch.onWrite();
      return files.replace(path, data);
    },
  };
}

function sequenceOf(mark: Uint8Array): number {
  return Number(new DataView(mark.buffer, mark.byteOffset, mark.byteLength).getBigUint64(0));
}

async function heldDeliveries(files: Files): Promise<SequencedDelivery[]> {
  const held = new Map<number, SequencedDelivery>();
  for (const name of await files.list(FOLDER)) {
    for (const delivery of deliveriesOf((await files.read(`${FOLDER}/${name}`)) ?? new Uint8Array(0))) {
      // A record that was torn is written again under its number: the first sound one counts.
      if (!held.has(delivery.sequence)) held.set(delivery.sequence, delivery);
    }
  }
  return [...held.values()];
}

/** The sound records at the beginning of a segment: a torn one ends it. */
function deliveriesOf(content: Uint8Array): SequencedDelivery[] {
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  const found: SequencedDelivery[] = [];
  for (let at = 0; content.length - at >= HEADER_OCTETS;) {
    const end = at + HEADER_OCTETS + view.getUint32(at);
    if (end > content.length) break;
    const sequence = Number(view.getBigUint64(at + 8));
    found.push({ sequence, delivery: decodeDelivery(new ByteReader(content.subarray(at + HEADER_OCTETS, end))) });
    at = end;
  }
  return found;
}
