import { spawn } from "node:child_process";
import { availableParallelism, constants, setPriority } from "node:os";

/** Whatever becomes of us, a loop ends (ms). */
const LOOP_MS = 300_000;

/**
 * Runs `work` while no core may fall asleep: one empty loop a core, at the lowest priority, gives way to everything else. A
 * virtual core takes some 25 µs to wake up, longer than a small request takes from end to end: without the loops a quiet
 * machine measures slower than a busy one, and nothing of the program.
 */
export async function withAwakeCores<T>(work: () => Promise<T>): Promise<T> {
  const program = `const end = Date.now() + ${LOOP_MS}; while (Date.now() < end);`;
  const loops = Array.from({ length: availableParallelism() }, () => spawn(process.execPath, ["-e", program], { stdio: "ignore" }));
  try {
    for (const { pid } of loops) if (pid !== undefined) setPriority(pid, constants.priority.PRIORITY_LOW);
    return await work();
  } finally {
    for (const loop of loops) loop.kill();
  }
}
