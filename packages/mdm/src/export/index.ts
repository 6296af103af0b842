export { ledgerRecords, type LedgerRecordsAsk, type LedgerRecordsParts } from "./ledger-records.ts";
