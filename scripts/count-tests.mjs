/** Prints CI's closing line from vitest's JSON report; steps that failed outside the tests count as one failure. */
import { readFileSync } from "node:fs";

const [reportPath, otherFailure] = process.argv.slice(2);
let counts = { passed: 0, failed: 1, skipped: 0 };
try {
  const report = JSON.parse(readFileSync(reportPath, "utf8"));
  const brokenFiles = report.testResults.filter((file) => file.status === "failed" && file.assertionResults.length === 0).length;
  counts = {
    passed: report.numPassedTests,
    failed: report.numFailedTests + brokenFiles,
    skipped: report.numPendingTests + report.numTodoTests,
  };
} catch (error) {
  console.error(`no test report: ${error.message}`);
}
if (otherFailure === "1" && counts.failed === 0) counts.failed = 1;
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exit(counts.failed === 0 && counts.passed > 0 ? 0 : 1);
