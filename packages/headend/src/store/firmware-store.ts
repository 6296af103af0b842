import type { Store } from "@amity/store";
import { FIRMWARES_LISTED_MAX, isSameFirmware, type FirmwareEntry, type FirmwareShelf } from "../firmware.ts";

interface FirmwareRow {
  readonly identification: string;
  readonly firmware: string;
  readonly size: number;
  readonly sha256: string;
  readonly signature: string | null;
  readonly note: string;
  readonly added_by: string;
  readonly added_ms: bigint;
}

const COLUMNS = "identification, firmware, size, sha256, signature, note, added_by, added_ms";

/** Firmware images in PostgreSQL. */
export function firmwareStoreOn(store: Store): FirmwareShelf {
  const firmware: FirmwareShelf["firmware"] = async (identification) => {
    const { rows } = await store.query<FirmwareRow & { content: Uint8Array }>(
      `select ${COLUMNS}, content from headend.firmware where identification = $1`,
      [identification],
    );
    const [row] = rows;
    return row === undefined ? undefined : { ...entryOfRow(row), octets: row.content };
  };
  return {
    firmware,
    async addFirmware(image) {
      const { identification, size, sha256, signature, note, addedBy, addedAtMs, octets } = image;
      const { rowCount } = await store.query(
        `insert into headend.firmware (${COLUMNS}, content) values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing`,
        [identification, image.firmware, size, sha256, signature ?? null, note, addedBy, Math.floor(addedAtMs), octets],
      );
      if (rowCount > 0) return "added";
      const known = await firmware(identification);
      return known !== undefined && isSameFirmware(known, image) ? "known" : "different";
    },
    async firmwares() {
      const { rows } = await store.query<FirmwareRow>(
        `select ${COLUMNS} from headend.firmware order by added_ms desc, identification limit ${FIRMWARES_LISTED_MAX}`,
      );
      return rows.map(entryOfRow);
    },
  };
}

function entryOfRow(row: FirmwareRow): FirmwareEntry {
  return {
    identification: row.identification,
    firmware: row.firmware,
    size: row.size,
    sha256: row.sha256,
    ...(row.signature === null ? {} : { signature: row.signature }),
    note: row.note,
    addedBy: row.added_by,
    addedAtMs: Number(row.added_ms),
  };
}
